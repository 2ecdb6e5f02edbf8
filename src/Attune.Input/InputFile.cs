using System.Runtime.InteropServices;

namespace Attune.Input;

/// <summary>
/// Opens files that a user names. Only regular files are opened: opening a named pipe blocks until a program writes to it, and a device
/// has no end.
/// </summary>
public static partial class InputFile
{
    /// <summary>The most bytes of a file that is read whole, such as a tokenizer, a configuration or a recipe.</summary>
    public const long LargestDocument = 256L << 20;

    const int CurrentFolder = -100;                                // AT_FDCWD
    const uint TypeOnly = 1;                                       // STATX_TYPE
    const int ModeOffset = 28, TypeMask = 0xF000, Regular = 0x8000, Folder = 0x4000, Pipe = 0x1000;

    /// <summary>Opens a file to read it.</summary>
    /// <exception cref="InvalidDataException">The path names something that is not a regular file.</exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public static FileStream Open(string path)
    {
        RequireRegular(path);
        return File.OpenRead(path);
    }

    /// <summary>Opens a text file: UTF-8, or the encoding of its byte order mark.</summary>
    /// <inheritdoc cref="Open"/>
    public static StreamReader OpenText(string path) => new(Open(path));

    /// <summary>The bytes of a file.</summary>
    /// <exception cref="InvalidDataException">It is not a regular file, or it is larger than <paramref name="most"/> bytes.</exception>
    public static byte[] ReadBytes(string path, long most = LargestDocument)
    {
        using var stream = OpenBounded(path, most);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The text of a file: UTF-8, or the encoding of its byte order mark.</summary>
    /// <inheritdoc cref="ReadBytes"/>
    public static string ReadText(string path, long most = LargestDocument)
    {
        using var reader = new StreamReader(OpenBounded(path, most));
        return reader.ReadToEnd();
    }

    /// <summary>The lines of a text file.</summary>
    /// <inheritdoc cref="ReadBytes"/>
    public static IEnumerable<string> ReadLines(string path, long most = LargestDocument)
    {
        using var reader = new StreamReader(OpenBounded(path, most));
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    /// <exception cref="InvalidDataException">The path names something that exists and is not a regular file.</exception>
    public static unsafe void RequireRegular(string path)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var status = stackalloc byte[256];
        if (Statx(CurrentFolder, path, flags: 0, TypeOnly, status) != 0)
            return;                                                // opening the file reports the error
        var type = *(ushort*)(status + ModeOffset) & TypeMask;
        var found = type == Folder ? "a folder" : type == Pipe ? "a named pipe" : "a device or socket";
        if (type != Regular)
            throw new InvalidDataException($"{path} must be a regular file (was {found})");
    }

    static FileStream OpenBounded(string path, long most)
    {
        var stream = Open(path);
        var length = stream.Length;
        if (length <= most)
            return stream;
        stream.Dispose();
        throw new InvalidDataException($"{path} may have at most {most:N0} bytes (has {length:N0})");
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int folder, string path, int flags, uint mask, byte* status);
}

using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Attune.Torch.Interop;

/// <summary>
/// Builds the native library from the sources in this assembly, once for each libtorch, in the user's cache. Each build uses a separate
/// folder, which is renamed when the build is complete, so that programs can start at the same time.
/// </summary>
/// <param name="cache">The folder of all builds.</param>
/// <param name="environment">Returns environment variables; PATH, CXX, Torch_DIR and CMAKE_PREFIX_PATH are used.</param>
sealed class NativeBuild(string cache, Func<string, string?> environment)
{
    public const string FileName = "libattune_torch.so";
    const string Prefix = "native/";

    /// <summary>Called with a message before a build.</summary>
    public Action<string> Notice { get; init; } = _ => { };

    /// <summary>The names of the sources in this assembly.</summary>
    public static IReadOnlyList<string> Sources { get; } =
    [
        .. typeof(NativeBuild).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Select(name => name[Prefix.Length..])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The library's file, whether or not it was built.</summary>
    public string LibraryPath => Path.Combine(cache, $"native-{Key()}", FileName);

    /// <summary>The library's file; builds it if it is not in the cache.</summary>
    /// <exception cref="DllNotFoundException">The build failed; the message names what is missing and how to install it.</exception>
    public string FindOrBuild()
    {
        var file = LibraryPath;
        if (File.Exists(file))
            return file;
        var folder = Path.GetDirectoryName(file)!;
        var work = $"{folder}.{Guid.NewGuid():N}";
        try
        {
            Build(work);
            MoveInPlace(Path.Combine(work, "result"), folder, file);
        }
        finally
        {
            if (Directory.Exists(work))
                Directory.Delete(work, recursive: true);
        }
        return file;
    }

    /// <summary>A hash of the sources and of the libtorch that CMake would select.</summary>
    public string Key()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in Sources)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(Read(name));
        }
        hash.AppendData(Encoding.UTF8.GetBytes($"{environment("Torch_DIR")}|{environment("CMAKE_PREFIX_PATH")}|{environment("CXX")}"));
        if (TorchVersionFile() is { } version)
            hash.AppendData(File.ReadAllBytes(version));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    void Build(string work)
    {
        var cmake = FindProgram("cmake") ?? throw Missing("CMake");
        if (FindProgram("make", "ninja") is null)
            throw Missing("make");
        if (FindProgram(environment("CXX") is { Length: > 0 } compiler ? [compiler] : ["c++", "g++", "clang++"]) is null)
            throw Missing("a C++ compiler");
        Notice($"building the native library for this libtorch into {cache}; this happens once and takes about a minute");
        var (sources, build) = (Directory.CreateDirectory(Path.Combine(work, "sources")).FullName, Path.Combine(work, "build"));
        foreach (var name in Sources)
            File.WriteAllBytes(Path.Combine(sources, name), Read(name));
        Run(cmake, ["-S", sources, "-B", build, "-DCMAKE_BUILD_TYPE=Release"]);
        Run(cmake, ["--build", build, "-j", $"{Environment.ProcessorCount}"]);
        File.Move(Path.Combine(build, FileName), Path.Combine(Directory.CreateDirectory(Path.Combine(work, "result")).FullName, FileName));
    }

    static void MoveInPlace(string result, string folder, string file)
    {
        try
        {
            Directory.Move(result, folder);
        }
        catch (IOException) when (File.Exists(file))                 // another program was first
        {
        }
    }

    static void Run(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw Failed(output + errors.GetAwaiter().GetResult());
    }

    static DllNotFoundException Failed(string output) => output.Contains("TorchConfig.cmake", StringComparison.Ordinal)
        ? Missing("libtorch")
        : new($"Attune's native library could not be built. {HowToInstall}\nThe last lines of CMake's output:\n{End(output)}");

    static DllNotFoundException Missing(string what) =>
        new($"Attune builds its native library on first use, and {what} was not found. {HowToInstall}");

    static string HowToInstall =>
        "On Debian or Ubuntu: apt-get install cmake make g++ libtorch-dev libopenblas0-openmp. "
        + "To use another libtorch, set CMAKE_PREFIX_PATH or Torch_DIR to it. "
        + "To use a native library that is built already, set ATTUNE_NATIVE to its path.";

    static string End(string output) =>
        string.Join('\n', output.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(15).Select(line => "  " + line));

    static byte[] Read(string name)
    {
        using var stream = typeof(NativeBuild).Assembly.GetManifestResourceStream(Prefix + name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    string? FindProgram(params string[] names) => names.SelectMany(Places).FirstOrDefault(File.Exists);

    IEnumerable<string> Places(string name) => Path.IsPathRooted(name)
        ? [name]
        : (environment("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name));

    /// <summary>The file that tells CMake the version of the chosen libtorch: it differs with another libtorch in the same place.</summary>
    string? TorchVersionFile()
    {
        const string Version = "TorchConfigVersion.cmake";
        var prefixes = (environment("CMAKE_PREFIX_PATH") ?? "").Split([':', ';'], StringSplitOptions.RemoveEmptyEntries);
        string[] system = ["/usr/lib/x86_64-linux-gnu/cmake/Torch", "/usr/lib/aarch64-linux-gnu/cmake/Torch", "/usr/share/cmake/Torch"];
        string[] chosen = environment("Torch_DIR") is { Length: > 0 } folder ? [folder] : [];
        return chosen.Concat(prefixes.Select(prefix => Path.Combine(prefix, "share/cmake/Torch"))).Concat(system)
            .Select(place => Path.Combine(place, Version)).FirstOrDefault(File.Exists);
    }
}

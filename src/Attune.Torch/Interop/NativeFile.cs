using System.Runtime.InteropServices;
using Attune.Input;

namespace Attune.Torch.Interop;

/// <summary>The native library: the file that ATTUNE_NATIVE names, the one beside the program, or one that is built on first use.</summary>
static class NativeFile
{
    static readonly Lazy<nint> Handle = new(() => NativeLibrary.Load(Find()));

    /// <summary>Loads the library, once.</summary>
    /// <exception cref="DllNotFoundException">It does not exist and cannot be built; the message names what to install.</exception>
    public static nint Load() => Handle.Value;

    /// <summary>The library's file; null if it must be built first.</summary>
    public static string? Existing =>
        (Chosen ?? (File.Exists(Installed) ? Installed : Build.LibraryPath)) is var file && File.Exists(file) ? file : null;

    static string? Chosen => Environment.GetEnvironmentVariable("ATTUNE_NATIVE") is { Length: > 0 } chosen ? chosen : null;

    static string Installed => Path.Combine(AppContext.BaseDirectory, NativeBuild.FileName);

    static NativeBuild Build => new(UserFolders.Cache, Environment.GetEnvironmentVariable)
    {
        Notice = text => Console.Error.WriteLine($"attune: {text}"),
    };

    static string Find() => Chosen is { } chosen
        ? File.Exists(chosen) ? chosen : throw new DllNotFoundException($"ATTUNE_NATIVE names {chosen}, which does not exist")
        : File.Exists(Installed) ? Installed : Build.FindOrBuild();
}

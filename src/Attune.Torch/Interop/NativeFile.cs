using System.Runtime.InteropServices;

namespace Attune.Torch.Interop;

/// <summary>The native library: the file that ATTUNE_NATIVE names, the one beside the program, or one that is built on first use.</summary>
static class NativeFile
{
    static readonly Lazy<nint> Handle = new(() => NativeLibrary.Load(Find()));

    /// <summary>Loads the library, once.</summary>
    /// <exception cref="DllNotFoundException">It does not exist and cannot be built; the message names what to install.</exception>
    public static nint Load() => Handle.Value;

    static string Find()
    {
        if (Environment.GetEnvironmentVariable("ATTUNE_NATIVE") is { Length: > 0 } chosen)
            return File.Exists(chosen) ? chosen : throw new DllNotFoundException($"ATTUNE_NATIVE names {chosen}, which does not exist");
        var installed = Path.Combine(AppContext.BaseDirectory, NativeBuild.FileName);
        var build = new NativeBuild(NativeBuild.UserCache, Environment.GetEnvironmentVariable)
        {
            Notice = text => Console.Error.WriteLine($"attune: {text}"),
        };
        return File.Exists(installed) ? installed : build.FindOrBuild();
    }
}

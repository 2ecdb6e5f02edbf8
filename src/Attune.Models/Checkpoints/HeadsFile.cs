using Attune.Models.Heads;
using Attune.Models.Layers;

namespace Attune.Models.Checkpoints;

/// <summary>
/// The heads of a language model in a file of their own, <c>heads/heads.safetensors</c>, so that <c>model.safetensors</c> has only what
/// the architecture has: programs that map every tensor refuse others, and some read every safetensors file of a folder, but not of its
/// subfolders.
/// </summary>
static class HeadsFile
{
    public static string PathIn(string folder) => Path.Combine(folder, "heads", "heads.safetensors");

    /// <summary>Writes parameters to a file, without those of heads, which go to the heads' file of its folder.</summary>
    public static void WriteApart(
        string path, IEnumerable<(string Name, Parameter Value)> parameters, IReadOnlyDictionary<string, Head> heads)
    {
        var own = heads.Values.SelectMany(head => head.Parameters).ToHashSet();
        Pretrained.WriteTensors(path, parameters.Where(parameter => !own.Contains(parameter.Value)));
        Write(Path.GetDirectoryName(path)!, heads);
    }

    /// <summary>Writes the heads of a model, or removes the file of a model without heads.</summary>
    static void Write(string folder, IReadOnlyDictionary<string, Head> heads)
    {
        var path = PathIn(folder);
        var parameters = heads.SelectMany(head =>
            head.Value.NamedParameters().Select(own => ($"{head.Key}.{own.Name}", own.Value))).ToList();
        if (parameters.Count == 0)
        {
            if (File.Exists(path))
                File.Delete(path);
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Pretrained.WriteTensors(path, parameters);
    }
}

using System.Reflection;

namespace Attune.Studio.Tests;

public sealed class ReferenceTests
{
    [Fact]
    public void Studio_DirectlyAndIndirectly_RefersToNothingThatNeedsLibtorch()
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        Collect(typeof(StudioServer).Assembly, found);
        Assert.Contains("Attune.Reporting", found);
        Assert.Contains("Attune.Jinja", found);                  // by Store, Data and Text: indirect references are seen too
        string[] torch = ["Attune.Torch", "Attune.Models", "Attune.Generation", "Attune.Training"];
        Assert.DoesNotContain(found, name => torch.Contains(name));
    }

    static void Collect(Assembly assembly, HashSet<string> found)
    {
        foreach (var name in assembly.GetReferencedAssemblies().Where(name => name.Name!.StartsWith("Attune.", StringComparison.Ordinal)))
            if (found.Add(name.Name!))
                Collect(Assembly.Load(name), found);
    }
}

using Attune.Testing;
using Attune.Text;
using Attune.Training.Servers;

namespace Attune.Training.Tests.Servers;

/// <summary>The text of token ids of tokenizers of every kind.</summary>
public sealed class VocabularyProbeTests
{
    public static TheoryData<string> Tokenizers =>
        [.. Directory.GetDirectories(Repository.PathTo("tests", "golden", "tokenizers")).Select(path => Path.GetFileName(path)!)];

    [Theory, MemberData(nameof(Tokenizers))]
    public void Difference_TheSameTokenizer_IsNone(string name)
    {
        var tokenizer = Tokenizer.Load(Repository.PathTo("tests", "golden", "tokenizers", name));
        var probe = new VocabularyProbe(tokenizer);
        int[] ids = [.. probe.Ids];
        Assert.True(ids.Length >= 8, $"{ids.Length} token ids");
        Assert.Null(probe.Difference(tokenizer.Decode([.. ids, ids[0]])));
        Assert.Null(probe.Difference(string.Join(' ', ids.Select(id => tokenizer.Decode([id])))));      // of a server that decodes each
    }

    [Theory, MemberData(nameof(Tokenizers))]
    public void Difference_AnExchangedToken_IsReported(string name)
    {
        var tokenizer = Tokenizer.Load(Repository.PathTo("tests", "golden", "tokenizers", name));
        var probe = new VocabularyProbe(tokenizer);
        int[] ids = [.. probe.Ids];
        (ids[^2], ids[^1]) = (ids[^1], ids[^2]);
        Assert.Contains(" is \"", probe.Difference(tokenizer.Decode(ids)), StringComparison.Ordinal);
        Assert.Null(probe.Difference(tokenizer.Decode(ids.AsSpan(0, 2))));      // too short to be the text of the ids
    }
}

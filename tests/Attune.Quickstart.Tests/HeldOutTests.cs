namespace Attune.Quickstart.Tests;

/// <summary>What is held out of the front desk's data: prompts, their wordings, and combinations of a situation and a detail.</summary>
public sealed class HeldOutTests
{
    static readonly List<string> Training = FrontDeskFiles.TrainingPrompts();
    static readonly List<string> HeldOut = FrontDeskFiles.HeldOutPrompts();

    [Fact]
    public void NoHeldOutPromptIsInATrainingFile()
    {
        Assert.Empty(HeldOut.Intersect(Training));
        var corpus = string.Join('\n', FrontDeskFiles.Texts("corpus"));
        Assert.All(HeldOut, prompt => Assert.DoesNotContain(prompt, corpus, StringComparison.Ordinal));
    }

    [Fact]
    public void HeldOutWordingsAreInNoTrainingPrompt()
    {
        var frames = FrontDeskFiles.Frames("guests-heldout.txt");
        Assert.True(frames.Count > 25);
        Assert.All(HeldOut, prompt => Assert.Contains(frames, frame => frame.IsMatch(prompt)));
        Assert.All(Training, prompt => Assert.DoesNotContain(frames, frame => frame.IsMatch(prompt)));
    }

    [Fact]
    public void HeldOutCombinationsAreInNoTrainingPrompt()
    {
        var situations = FrontDeskFiles.Read("situations").ConvertAll(line => (
            HeldOut: line.GetProperty("heldOut").GetBoolean(),
            Wordings: line.GetProperty("wordings").EnumerateArray().Select(wording => wording.GetString()!).ToArray()));
        Assert.True(situations.Count > 300);
        Assert.True(situations.Count(situation => situation.HeldOut) > 40);
        var wordings = situations
            .SelectMany(situation => situation.Wordings.Select(wording => (situation.HeldOut, Is: Recognise(wording), wording.Length)))
            .OrderByDescending(wording => wording.Length)
            .ToList();
        // The longest wording that stands in a prompt is the one that it was made from: "toilet paper" also stands in others.
        Assert.All(HeldOut, prompt => Assert.True(wordings.First(wording => wording.Is(prompt)).HeldOut));
        Assert.All(Training, prompt => Assert.False(wordings.First(wording => wording.Is(prompt)).HeldOut));
    }

    [Fact]
    public void EveryWordOfTheHeldOutPromptsIsKnownFromTraining()
    {
        var known = FrontDeskFiles.Texts("corpus").Concat(Training).SelectMany(FrontDeskFiles.Words).ToHashSet();
        Assert.Empty(HeldOut.SelectMany(FrontDeskFiles.Words).Where(word => !known.Contains(word)).Distinct());
        Assert.InRange(known.Count, 1000, 2000);
    }

    static Func<string, bool> Recognise(string wording)
    {
        if (!wording.Contains('{', StringComparison.Ordinal))
            return prompt => prompt.Contains(wording, StringComparison.OrdinalIgnoreCase);
        return FrontDeskFiles.Pattern(wording, slot: ".+").IsMatch;
    }
}

using Attune.Reporting.Reports;
using Attune.Reporting.Runs;
using Attune.Testing;

namespace Attune.Reporting.Tests;

public sealed class RoundSectionTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    RunFolder Run => new(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Page_RunWithRounds_ShowsTheLowestAndTheHighestScore()
    {
        Write(1, Sampled("Where?", "Here.", 2), Sampled("Where?", "There", -1) with { Ended = false }, Sampled("Where?", "Near.", 1));
        Write(2, Sampled("When?", "Not scored.", 0) with { Score = null });
        var section = RunReport.Page(Run, new("rft")).Sections.Single(section => section.Title == "Responses of the rounds");
        var round = Assert.Single(section.Columns);
        Assert.Equal("Round 1: 3 responses, mean score 0.67", round.Title);
        var sample = Assert.Single(round.Samples);
        Assert.Equal(("Where?", "There", "Here."), (sample.Prompt, sample.Before!.Text, sample.After!.Text));
        Assert.Equal(["score −1", "2 tokens", "cut off at the maximum length"], sample.Before.Captions);
    }

    [Fact]
    public void Page_ManyRounds_ShowsTheFirstTheLastAndTwoBetween()
    {
        for (var number = 1; number <= 10; number++)
            Write(number, Sampled("Where?", "Here.", number));
        var section = RunReport.Page(Run, new("rft")).Sections.Single(section => section.Title == "Responses of the rounds");
        Assert.Equal(["Round 1", "Round 4", "Round 7", "Round 10"], section.Columns.Select(column => column.Title.Split(':')[0]));
    }

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        var response = Sampled("Where?", "“Here”\n", 1.0 / 3) with
        {
            StopString = "\n",
            Parts = new Dictionary<string, double> { ["a"] = 0.1 },
        };
        Write(1, response);
        var read = Assert.Single(SampledResponse.Read(PathOf(1)));
        Assert.Equivalent(response, read, strict: true);
    }

    [Fact]
    public void Read_DamagedLine_NamesFileAndLine()
    {
        Write(1, Sampled("Where?", "Here.", 1));
        File.AppendAllText(PathOf(1), "{\"row\":0");
        var error = Assert.Throws<InvalidDataException>(() => SampledResponse.Read(PathOf(1)));
        Assert.Contains("round-0001.jsonl:2 is not a sampled response", error.Message);
    }

    void Write(int round, params SampledResponse[] responses)
    {
        Directory.CreateDirectory(Run.Responses);
        SampledResponse.Write(PathOf(round), responses);
    }

    string PathOf(int round) => Path.Combine(Run.Responses, $"round-{round:D4}.jsonl");

    static SampledResponse Sampled(string prompt, string text, double score) =>
        new(0, prompt, text, [1, 2], [-0.1f, -1e-7f], Ended: true) { Score = score, Reward = score };
}

namespace Attune.Store.Tests;

public sealed class CalibrationTests : IDisposable
{
    readonly TestStore test = new();

    [Fact]
    public void Repeat_RoundThatWasNotPassed_BeginsAgainAndMayBePassed()
    {
        var (ann, bob) = (test.Person("Ann"), test.Person("Bob"));
        var project = test.Project(new() { CheckEvery = 0, CalibrationPass = 0.7 }, items: 2);
        test.Add(project, [.. Enumerable.Range(0, 10).Select(i => TestStore.Pair($"known {i}", ItemKind.Calibration, [0, 1]))]);
        var disabled = test.Person("Cleo");
        test.Store.Projects.SetMembers(project.Id, [ann.Id, bob.Id, disabled.Id], test.Owner.Id);
        test.Store.People.Disable(disabled.Id, disabled: true, test.Owner.Id);
        Decide(ann, right: 6, wrong: 3);
        Assert.Equal(new CalibrationRound(10, 9, 6, 7), test.Store.Calibrations.Of(project, ann.Id));
        Assert.Equal(CalibrationState.InProgress, test.Store.Calibrations.Of(project, ann.Id)!.State);
        test.Submit(project, ann, test.Next(project, ann), new() { Outcome = Outcome.Skipped });
        var all = test.Store.Calibrations.All(project);
        Assert.Equal((CalibrationState.NotPassed, CalibrationState.InProgress), (all[ann.Id].State, all[bob.Id].State));
        Assert.DoesNotContain(disabled.Id, all.Keys);
        Assert.Equal(QueueState.NotCalibrated, test.Store.Queue.Next(project, ann.Id, 1).State);
        test.Store.Calibrations.Repeat(project, ann.Id, test.Owner.Id);
        Assert.Throws<InvalidDataException>(() => test.Store.Calibrations.Repeat(project, ann.Id, test.Owner.Id));
        Assert.Equal(0, test.Store.Calibrations.Of(project, ann.Id)!.Decided);
        Decide(ann, right: 7, wrong: 3);
        Assert.Equal(CalibrationState.Passed, test.Store.Calibrations.Of(project, ann.Id)!.State);
        Assert.Equal(["0", "1"], test.Prompts(project, ann, 2));
        Assert.Single(test.Store.Audit.Newest(project.Id), entry => entry.Action == "let repeat the calibration round");
        Assert.Equal(20, test.Ask<long>("SELECT count(*) FROM audit WHERE action = 'decided'"));
        test.AssertCountsEqualARecount();

        void Decide(Person person, int right, int wrong)
        {
            for (var i = 0; i < right + wrong; i++)
                test.Prefer(project, person, test.Next(project, person), i < right ? 0 : 1);
        }
    }

    [Fact]
    public void Of_ProjectWithoutARound_IsNull() =>
        Assert.Null(test.Store.Calibrations.Of(test.Project(new(), items: 1), test.Owner.Id));

    public void Dispose() => test.Dispose();
}

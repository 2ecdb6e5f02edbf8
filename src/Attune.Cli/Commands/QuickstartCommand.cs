using System.CommandLine;
using Attune.Cli.Display;
using Attune.Cli.Quickstart;

namespace Attune.Cli.Commands;

static class QuickstartCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "runs/quickstart" };
        var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1 };
        var c = new Command("quickstart", "The whole loop") { output, seed };
        c.SetAction(p => { using var i = new Interruption(); var r = new Quickstart.Quickstart(p.GetValue(output)!, p.GetValue(seed), Displays.Pick(), i.Token).Run();
            var before = Answers.Sample(r.Sft.Model, r.HeldOutPrompts, r.Sampling, 1, 7, i.Token);
            var after = Answers.Sample(r.Ppo.Model, r.HeldOutPrompts, r.Sampling, 1, 7, i.Token);
            double Good(IReadOnlyList<(string Prompt, string[] C)> a) => a.Average(x => r.Guest.Judge(x.Prompt, x.C[0]).IsGood ? 1.0 : 0);
            Console.WriteLine($"ceiling {r.Ceiling:F3} before {Good(before):F3} after {Good(after):F3} distinct {after.Select(x=>x.Completions[0]).Distinct().Count()/300.0:F2}");
            foreach (var (b, a) in before.Zip(after).Take(12)) Console.WriteLine($"{b.Prompt}\n   B{string.Join(",", r.Guest.Judge(b.Prompt,b.Completions[0]).Flaws)}: {b.Completions[0]}\n   A{string.Join(",", r.Guest.Judge(a.Prompt,a.Completions[0]).Flaws)}: {a.Completions[0]}");
            return 0; });
        return c;
    }
}

using Attune.Training.Runs;
namespace Attune.Cli.Display;
static class Displays { public static IRunDisplay Pick() => new D(); 
sealed class D : IRunDisplay {
 System.Diagnostics.Stopwatch w=System.Diagnostics.Stopwatch.StartNew(); double last=-9; int tot;
 public void Begin(string t,int s,int n){tot=n;Console.WriteLine($"{t}: step {s} of {n}");}
 public void Step(int s, IReadOnlyDictionary<string,double> m,string words){ if(w.Elapsed.TotalSeconds-last<2 && s!=tot) return; last=w.Elapsed.TotalSeconds; Console.WriteLine($"  {last:F0}s step {s}/{tot} {words}"); }
 public void Notice(string t)=>Console.WriteLine("  "+t);
 public void End(string t)=>Console.WriteLine(t);
}}

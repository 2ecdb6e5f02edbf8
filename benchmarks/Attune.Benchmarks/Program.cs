using Attune.Benchmarks;

if (args is ["studio", ..])
{
    var attune = args.ElementAtOrDefault(1) ?? "src/Attune.Cli/bin/Release/net10.0/attune.dll";
    await StudioLoad.Measure(attune, Console.Out);
    await StudioFigures.Measure(attune, Console.Out);
}
else
    TokenizerSpeed.Measure(args is [var path] ? path : "data/frontdesk/corpus.jsonl", Console.Out);

using Attune.Benchmarks;

if (args is ["studio", ..])
    await StudioLoad.Measure(args.ElementAtOrDefault(1) ?? "src/Attune.Cli/bin/Release/net10.0/attune.dll", Console.Out);
else
    TokenizerSpeed.Measure(args is [var path] ? path : "data/frontdesk/corpus.jsonl", Console.Out);

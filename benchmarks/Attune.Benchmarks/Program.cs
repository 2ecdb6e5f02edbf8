using System.Globalization;
using Attune.Benchmarks;

const string Dll = "src/Attune.Cli/bin/Release/net10.0/attune.dll";

if (args is ["studio", ..])
    await StudioLoad.Measure(args.ElementAtOrDefault(1) ?? Dll, Console.Out);
else if (args is ["studio-figures", ..])
    await StudioFigures.Measure(args.ElementAtOrDefault(1) ?? Dll, Console.Out);
else if (args is ["serving", ..])
    ServingLoad.Measure(args.ElementAtOrDefault(3) ?? Dll, Number(1, 64), Number(2, 120), Console.Out);
else if (args is ["start", ..])
    StartTimes.Measure(args.ElementAtOrDefault(1) ?? "runs/quickstart/4-reward/model", Console.Out);
else
    TokenizerSpeed.Measure(args is [var path] ? path : "data/frontdesk/corpus.jsonl", Console.Out);

int Number(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;

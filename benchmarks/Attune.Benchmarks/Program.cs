using Attune.Benchmarks;

TokenizerSpeed.Measure(args is [var path] ? path : "data/frontdesk/corpus.jsonl", Console.Out);

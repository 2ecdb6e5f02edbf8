using System.Text;
using LLama;
using LLama.Common;
using LLama.Native;

namespace Attune.Export.Tests;

/// <summary>A GGUF file in llama.cpp, in float32.</summary>
sealed class LlamaCpp : IDisposable
{
    readonly LLamaWeights weights;
    readonly LLamaContext context;

    static LlamaCpp() => NativeLibraryConfig.All.WithLogCallback((_, _) => { });

    public LlamaCpp(string path, uint contextSize = 256)
    {
        var options = new ModelParams(path)
        {
            ContextSize = contextSize,
            Threads = 1,
            BatchThreads = 1,
            TypeK = GGMLType.GGML_TYPE_F32,
            TypeV = GGMLType.GGML_TYPE_F32,
            FlashAttention = false,
        };
        weights = LLamaWeights.LoadFromFile(options);
        context = weights.CreateContext(options);
    }

    public IReadOnlyDictionary<string, string> Metadata => weights.Metadata;

    /// <summary>The tokens of a text, with special tokens in it, and those that llama.cpp adds.</summary>
    public int[] Tokenize(string text, bool addSpecialTokens) =>
        [.. context.NativeHandle.Tokenize(text, addSpecialTokens, special: true, Encoding.UTF8).Select(token => (int)token)];

    /// <summary>The text of tokens, without special tokens.</summary>
    public string Decode(IEnumerable<int> ids)
    {
        var decoder = new StreamingTokenDecoder(context);
        decoder.AddRange(ids.Select(id => (LLamaToken)id));
        return decoder.Read();
    }

    /// <summary>The logits after each token.</summary>
    public float[][] Logits(IReadOnlyList<int> ids)
    {
        context.NativeHandle.MemoryClear();
        var batch = new LLamaBatch();
        foreach (var (position, id) in ids.Index())
            batch.Add(id, position, LLamaSeqId.Zero, logits: true);
        Assert.Equal(DecodeResult.Ok, context.Decode(batch));
        return [.. Enumerable.Range(0, ids.Count).Select(position => context.NativeHandle.GetLogitsIth(position).ToArray())];
    }

    /// <summary>The most likely tokens after a prompt, computed one at a time with the cache.</summary>
    public int[] Greedy(IReadOnlyList<int> prompt, int count)
    {
        context.NativeHandle.MemoryClear();
        var (next, position) = (prompt, 0);
        var response = new List<int>();
        while (response.Count < count)
        {
            var batch = new LLamaBatch();
            foreach (var id in next)
                batch.Add(id, position++, LLamaSeqId.Zero, logits: true);
            Assert.Equal(DecodeResult.Ok, context.Decode(batch));
            var logits = context.NativeHandle.GetLogitsIth(next.Count - 1).ToArray();
            response.Add(Array.IndexOf(logits, logits.Max()));
            next = [response[^1]];
        }
        return [.. response];
    }

    public void Dispose()
    {
        context.Dispose();
        weights.Dispose();
    }
}

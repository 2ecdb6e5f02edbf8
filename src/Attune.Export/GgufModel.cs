using Attune.Models;
using Attune.Models.Families;
using Attune.Torch;

namespace Attune.Export;

/// <summary>How a model is described to llama.cpp: its architecture, its settings, and names and layouts of its weights.</summary>
abstract class GgufModel
{
    const string Supported = "llama, mistral, qwen2, qwen3, gemma, gemma2, gemma3_text, phi3 and gpt2";

    /// <summary>The name of the architecture in llama.cpp, with which the keys of its settings begin.</summary>
    public abstract string Architecture { get; }

    /// <summary>The settings, without the architecture in their keys.</summary>
    public abstract IEnumerable<(string Key, object Value)> Settings { get; }

    /// <summary>Tensors of rotary frequencies, which a checkpoint computes and a GGUF file stores.</summary>
    public virtual IEnumerable<(string Name, float[] Values)> Frequencies => [];

    /// <summary>What llama.cpp computes differently, or does not support beyond a length.</summary>
    public virtual IEnumerable<string> Notices => [];

    /// <summary>The beginnings of a layer's name and of other names in the checkpoint, up to the number or the rest.</summary>
    protected abstract (string Layer, string Other) Prefixes { get; }

    /// <summary>Names in a checkpoint, without prefix and <c>.weight</c> or <c>.bias</c>, and in a GGUF file.</summary>
    protected abstract IReadOnlyDictionary<string, string> Names { get; }

    /// <exception cref="InvalidDataException">llama.cpp does not compute what this model computes.</exception>
    public static GgufModel Of(LanguageModel model, string source) => model.Backbone switch
    {
        RotaryDecoder decoder => new RotaryGgufModel(model, decoder.Config, source),
        Gpt2 gpt2 => new Gpt2GgufModel(model, gpt2.Config, source),
        _ => throw new InvalidDataException(
            $"{source}: models of type {(string?)model.Config["model_type"]} cannot be exported; types that can be are {Supported}"),
    };

    /// <summary>The name of a weight in the file; null for one that the model does not generate with, such as a value head.</summary>
    public string? NameOf(string own)
    {
        var (stem, end) = (own[..own.LastIndexOf('.')], own[own.LastIndexOf('.')..]);
        if (!stem.StartsWith(Prefixes.Layer, StringComparison.Ordinal))
            return Names.GetValueOrDefault(WithoutPrefix(stem)) is { } name ? name + end : null;
        var rest = stem[Prefixes.Layer.Length..];
        var dot = rest.IndexOf('.', StringComparison.Ordinal);
        return $"blk.{rest[..dot]}.{Names[rest[(dot + 1)..]]}{end}";
    }

    string WithoutPrefix(string stem) =>
        stem.StartsWith(Prefixes.Other, StringComparison.Ordinal) ? stem[Prefixes.Other.Length..] : stem;

    /// <summary>The values that llama.cpp expects under a name in the file.</summary>
    public virtual Tensor Convert(string name, Tensor value) => value;

    /// <summary>The shape that <see cref="Convert"/> gives.</summary>
    public virtual long[] ShapeOf(string name, long[] shape) => shape;
}

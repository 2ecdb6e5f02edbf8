using System.Text.Json.Nodes;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Layers;
using Attune.Reporting.Files;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Runs;

namespace Attune.Training.Parameters;

/// <summary>Models with their tokenizers: from and to folders, or new.</summary>
public static class ModelFolder
{
    /// <summary>The tokenizer of a model's folder, or of the model that an adapter there is for.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is damaged.</exception>
    public static Tokenizer LoadTokenizer(string folder) => folder.Length > 0
        ? Text.Tokenizer.Load(Peft.IsAdapter(folder) && !File.Exists(Path.Combine(folder, "tokenizer.json")) ? Peft.BaseFolder(folder) : folder)
        : throw new InvalidDataException("a folder with a model was expected, found an empty path");

    /// <summary>The tokenizer beside the model, else the one the options name, else a new one, trained on texts and kept in the run folder.</summary>
    public static Tokenizer LoadTokenizer(string model, TokenizerOptions options, Run run, Func<IEnumerable<string>> texts)
    {
        if (model.Length > 0 || options.Path.Length > 0)
            return LoadTokenizer(model.Length > 0 ? model : options.Path);
        var kept = Path.Combine(run.Folder.Path, "tokenizer");
        if (!run.Folder.HasStarted || !Directory.Exists(kept))
        {
            run.Notice($"training a tokenizer of {options.VocabularySize:N0} tokens");
            AtomicWrite.Folder(kept, options.Train(texts()).Save);
        }
        return LoadTokenizer(kept);
    }

    /// <summary>The language model of a folder that is to write text, on a device, with weights of a type; null for the type that they are stored in.</summary>
    /// <exception cref="InvalidDataException">There is none, it only reads, or its tokenizer does not fit.</exception>
    public static LanguageModel LoadLanguageModel(string folder, Device device, DType? dtype = DType.Float32)
    {
        var model = Pretrained.LoadLanguageModel(folder, dtype: dtype);
        if (model.Backbone.Kind == BackboneKind.Encoder)
            throw new InvalidDataException(
                $"{folder} holds an encoder ({model.Config["model_type"]}), which reads texts and cannot write any; name a causal language model. "
                + "`attune pretrain` and `attune reward` take encoders");
        return Fit(model, model.Backbone, LoadTokenizer(folder), device);
    }

    /// <summary>The language model of a folder, to train or as a reference: float32 weights on the run's device, computing in the run's type.</summary>
    /// <inheritdoc cref="LoadLanguageModel(string, Device, DType?)"/>
    public static LanguageModel LoadLanguageModel(string folder, Run run)
    {
        var model = LoadLanguageModel(folder, run.Device);
        ComputeIn(run, model.Backbone);
        return model;
    }

    /// <summary>The language model of a folder, whatever its kind, or a new one when the path is empty, on the run's device.</summary>
    /// <exception cref="InvalidDataException">There is none, or its tokenizer does not fit.</exception>
    public static LanguageModel LoadLanguageModel(string folder, ModelShape shape, Tokenizer tokenizer, Run run)
    {
        var model = folder.Length > 0
            ? Pretrained.LoadLanguageModel(folder)
            : NewOnCpu(run, random => Pretrained.NewLanguageModel(Config(shape, tokenizer), random));
        ComputeIn(run, model.Backbone);
        return Fit(model, model.Backbone, tokenizer, run.Device);
    }

    /// <summary>A reward model to train, on the run's device: with the backbone of a folder's language model, or new when the path is empty.</summary>
    /// <exception cref="InvalidDataException">There is no model, or its tokenizer does not fit.</exception>
    public static RewardModel LoadRewardModel(string folder, ModelShape shape, Tokenizer tokenizer, Run run, int heads = 1)
    {
        var model = NewOnCpu(run, random => folder.Length > 0
            ? Pretrained.RewardModelFrom(folder, random, heads)
            : Pretrained.NewRewardModel(Config(shape, tokenizer), random, heads));
        ComputeIn(run, model.Backbone);
        return Fit(model, model.Backbone, tokenizer, run.Device);
    }

    /// <summary>A trained reward model on a device, with weights of a type; null for the type that they are stored in.</summary>
    /// <exception cref="InvalidDataException">The folder has no reward model, or its tokenizer does not fit.</exception>
    public static RewardModel LoadRewardModel(string folder, Device device, DType? dtype = DType.Float32)
    {
        var model = Pretrained.LoadRewardModel(folder, dtype);
        return Fit(model, model.Backbone, LoadTokenizer(folder), device);
    }

    /// <summary>A trained reward model that goes on to learn: float32 weights on the run's device, computing in the run's type.</summary>
    /// <inheritdoc cref="LoadRewardModel(string, Device, DType?)"/>
    public static RewardModel LoadTrainableRewardModel(string folder, Run run)
    {
        var model = LoadRewardModel(folder, run.Device);
        ComputeIn(run, model.Backbone);
        return model;
    }

    /// <summary>Every token that ends an answer: the tokenizer's, and those that the model's settings name.</summary>
    public static IReadOnlyList<int> EosIds(LanguageModel model, Tokenizer tokenizer) =>
        [.. (tokenizer.EosId is { } eos ? model.EosIds.Prepend(eos) : model.EosIds).Distinct()];

    /// <summary>Writes a model as transformers loads it, with its tokenizer.</summary>
    /// <exception cref="TrainingStoppedException">Some weights are not finite numbers.</exception>
    public static void Save(string folder, LanguageModel model, Tokenizer tokenizer)
    {
        RequireFinite(model.Parameters);
        Pretrained.Save(folder, model);
        tokenizer.Save(folder);
    }

    /// <inheritdoc cref="Save(string, LanguageModel, Tokenizer)"/>
    public static void Save(string folder, RewardModel model, Tokenizer tokenizer)
    {
        RequireFinite(model.Parameters);
        Pretrained.Save(folder, model);
        tokenizer.Save(folder);
    }

    internal static void RequireFinite(IEnumerable<Parameter> parameters)
    {
        if (!parameters.All(parameter => parameter.IsFinite))
            throw new TrainingStoppedException("the model's weights are not finite numbers any more, and were not written; try a smaller learning rate");
    }

    /// <summary>Random weights are drawn on the CPU, so that they are the same on every device.</summary>
    static T NewOnCpu<T>(Run run, Func<RandomSource, T> create)
    {
        using var random = new RandomSource((ulong)run.Seed);
        return create(random);
    }

    static void ComputeIn(Run run, Backbone backbone) => backbone.Autocast = run.Dtype == DType.Float32 ? null : run.Dtype;

    static JsonObject Config(ModelShape shape, Tokenizer tokenizer) =>
        shape.ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);

    static T Fit<T>(T model, Backbone backbone, Tokenizer tokenizer, Device device) where T : Module
    {
        if (!model.IsFinite)
            throw new InvalidDataException("some weights of the model are not finite numbers; it was damaged in training or in copying");
        // Some checkpoints name more added tokens than their table has rows, and never use them.
        int?[] used = [tokenizer.BaseVocabularySize - 1, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId, tokenizer.UnkId];
        if (used.Max() >= backbone.VocabularySize)
            throw new InvalidDataException(
                $"the tokenizer has {tokenizer.VocabularySize} tokens, the model knows {backbone.VocabularySize}: they are not of one model");
        model.MoveTo(device);
        return model;
    }
}

using System.Text.Json.Nodes;
using Attune.Models;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Models.Families;
using Attune.Models.Heads;
using Attune.Models.Layers;
using Attune.Reporting.Files;
using Attune.Text;
using Attune.Torch;
using Attune.Torch.Distributed;
using Attune.Training.Options;
using Attune.Training.Runs;

namespace Attune.Training.Parameters;

/// <summary>Loads, creates and saves models with their tokenizers. <see cref="ModelPath"/> finds the folders.</summary>
public static class ModelFolder
{
    /// <summary>The tokenizer of a model's folder; of an adapter without one, its base model's.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is damaged.</exception>
    public static Tokenizer LoadTokenizer(string folder)
    {
        if (folder.Length == 0)
            throw new InvalidDataException("the path of a model's folder must not be empty");
        folder = ModelPath.Find(folder);
        return Text.Tokenizer.Load(
            Peft.IsAdapter(folder) && !File.Exists(Path.Combine(folder, "tokenizer.json")) ? Peft.BaseFolder(folder) : folder);
    }

    /// <summary>The tokenizer of a model that a run trains; its chat template tells the time at which the run started.</summary>
    /// <inheritdoc cref="LoadTokenizer(string)"/>
    public static Tokenizer LoadTokenizer(string folder, Run run) => LoadTokenizer(folder).WithTemplateTime(run.Started);

    /// <summary>
    /// The tokenizer in the model's folder, else that of the options, else a new one, trained on texts and kept in the run folder.
    /// </summary>
    public static Tokenizer LoadTokenizer(string model, TokenizerOptions options, Run run, Func<IEnumerable<string>> texts)
    {
        if (model.Length > 0 || options.Path.Length > 0)
            return LoadTokenizer(model.Length > 0 ? model : options.Path, run);
        var trained = Path.Combine(run.Folder.Path, "tokenizer");
        Ranks.Once(TrainIfNew);
        return LoadTokenizer(trained, run);

        void TrainIfNew()
        {
            if (run.Folder.HasStarted && Directory.Exists(trained))
                return;
            run.Notice($"training a tokenizer of {options.VocabularySize:N0} tokens");
            AtomicWrite.Folder(trained, options.Train(texts()).Save);
        }
    }

    /// <summary>
    /// A language model to generate with, on a device, with weights of a type; null for the type that they are stored in.
    /// </summary>
    /// <exception cref="InvalidDataException">There is none, it is an encoder, or its tokenizer does not fit.</exception>
    public static LanguageModel LoadLanguageModel(string folder, Device device, DType? dtype = DType.Float32)
    {
        folder = ModelPath.Find(folder);
        var model = Pretrained.LoadLanguageModel(folder, dtype: Computable(folder, device, dtype));
        if (model.Backbone.Kind == BackboneKind.Encoder)
            throw new InvalidDataException(
                $"{folder} holds an encoder ({model.Config["model_type"]}), which cannot generate text; name a causal language model or an "
                    + "encoder–decoder. `attune pretrain` and `attune reward` can train encoders");
        return Fit(model, model.Backbone, LoadTokenizer(folder), device);
    }

    /// <summary>
    /// The type that weights are loaded in: float32 in place of float16 on a CPU, because libtorch 1.13 does not compute in float16 there;
    /// null for the type that they are stored in.
    /// </summary>
    public static DType? Computable(string folder, Device device, DType? dtype)
    {
        if (device.Type != DeviceType.Cpu || dtype is not (null or DType.Float16))
            return dtype;
        var isHalf = dtype == DType.Float16 || Describe(folder).StoredBytes.ContainsKey(DType.Float16);
        return isHalf ? DType.Float32 : dtype;
    }

    /// <summary>
    /// A language model to train or to use as a reference: float32 weights on the run's device, computing in the run's type. Heads of ILQL
    /// are left out, because training without them would make them wrong.
    /// </summary>
    /// <inheritdoc cref="LoadLanguageModel(string, Device, DType?)"/>
    public static LanguageModel LoadLanguageModel(string folder, Run run)
    {
        var model = LoadWithIlqlHeads(folder, run);
        if (IlqlHeads.RemoveFrom(model))
            run.Notice($"the heads of ILQL that {folder} has are not used: {run.Method.Name} does not train them");
        return model;
    }

    /// <summary>The same with the heads of ILQL, if it has them.</summary>
    /// <inheritdoc cref="LoadLanguageModel(string, Device, DType?)"/>
    public static LanguageModel LoadWithIlqlHeads(string folder, Run run)
    {
        var model = LoadLanguageModel(folder, run.Device);
        model.ComputeIn(run.Dtype);
        return model;
    }

    /// <summary>The language model of a folder, encoders included, or a new one when the path is empty, on the run's device.</summary>
    /// <exception cref="InvalidDataException">There is none, or its tokenizer does not fit.</exception>
    public static LanguageModel LoadLanguageModel(string folder, ModelShape shape, Tokenizer tokenizer, Run run)
    {
        var model = folder.Length > 0
            ? Pretrained.LoadLanguageModel(ModelPath.Find(folder))
            : NewOnCpu(run, random => Pretrained.NewLanguageModel(Config(shape, tokenizer), random));
        IlqlHeads.RemoveFrom(model);
        model.ComputeIn(run.Dtype);
        return Fit(model, model.Backbone, tokenizer, run.Device);
    }

    /// <summary>
    /// A reward model to train, on the run's device: with the backbone of a folder's language model, or new when the path is empty.
    /// </summary>
    /// <exception cref="InvalidDataException">There is no model, or its tokenizer does not fit.</exception>
    public static RewardModel LoadRewardModel(string folder, ModelShape shape, Tokenizer tokenizer, Run run, int heads = 1)
    {
        var model = NewOnCpu(run, random => folder.Length > 0
            ? Pretrained.RewardModelFrom(ModelPath.Find(folder), random, heads)
            : Pretrained.NewRewardModel(Config(shape, tokenizer), random, heads));
        model.ComputeIn(run.Dtype);
        return Fit(model, model.Backbone, tokenizer, run.Device);
    }

    /// <summary>
    /// A process reward model to train, on the run's device: the one of a folder, or a new head on a language model's backbone.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// There is no model, its tokenizer does not fit, or its family has no token classifier.
    /// </exception>
    public static RewardModel LoadProcessRewardModel(string folder, string stepSeparator, Tokenizer tokenizer, Run run)
    {
        var model = NewOnCpu(run, random => Pretrained.RewardModelFrom(ModelPath.Find(folder), random, heads: 1, stepSeparator));
        model.ComputeIn(run.Dtype);
        return Fit(model, model.Backbone, tokenizer, run.Device);
    }

    /// <summary>A trained reward model on a device, with weights of a type; null for the type that they are stored in.</summary>
    /// <exception cref="InvalidDataException">The folder has no reward model, or its tokenizer does not fit.</exception>
    public static RewardModel LoadRewardModel(string folder, Device device, DType? dtype = DType.Float32)
    {
        folder = ModelPath.Find(folder);
        var model = Pretrained.LoadRewardModel(folder, Computable(folder, device, dtype));
        return Fit(model, model.Backbone, LoadTokenizer(folder), device);
    }

    /// <summary>A classifier with float32 weights on a device.</summary>
    /// <exception cref="InvalidDataException">The folder has no classifier, or its tokenizer does not fit.</exception>
    public static Classifier LoadClassifier(string folder, Device device)
    {
        folder = ModelPath.Find(folder);
        var model = Pretrained.LoadClassifier(folder);
        return Fit(model, model.Backbone, LoadTokenizer(folder), device);
    }

    /// <summary>An encoder without its head, with float32 weights on a device.</summary>
    /// <exception cref="InvalidDataException">The folder has no encoder, or its tokenizer does not fit.</exception>
    public static Encoder LoadEncoder(string folder, Device device)
    {
        folder = ModelPath.Find(folder);
        var encoder = Pretrained.LoadEncoder(folder);
        return Fit(encoder, encoder, LoadTokenizer(folder), device);
    }

    /// <summary>A trained reward model to train further: float32 weights on the run's device, computing in the run's type.</summary>
    /// <inheritdoc cref="LoadRewardModel(string, Device, DType?)"/>
    public static RewardModel LoadTrainableRewardModel(string folder, Run run)
    {
        var model = LoadRewardModel(folder, run.Device);
        model.ComputeIn(run.Dtype);
        return model;
    }

    /// <summary>Describes the model of a folder, of an adapter its base model, from settings and headers. Reads no weights.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not complete.</exception>
    public static ModelSummary Describe(string folder)
    {
        folder = ModelPath.Find(folder);
        return Pretrained.Describe(Peft.IsAdapter(folder) ? Peft.BaseFolder(folder) : folder);
    }

    /// <summary>The backbone of a folder's model, of an adapter its base model's, from its settings. Reads no weights.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is of no supported family.</exception>
    public static Backbone DescribeBackbone(string folder)
    {
        folder = ModelPath.Find(folder);
        return Pretrained.DescribeBackbone(Peft.IsAdapter(folder) ? Peft.BaseFolder(folder) : folder);
    }

    /// <summary>The backbone of a new model, with the vocabulary that the options of its tokenizer ask for.</summary>
    internal static Backbone DescribeBackbone(ModelShape shape, TokenizerOptions tokenizer) =>
        Pretrained.DescribeBackbone(shape.ToConfig(tokenizer.VocabularySize, bos: null, eos: null, pad: null));

    /// <summary>Every token that ends a response: the tokenizer's EOS token, and those of the model's generation config.</summary>
    public static IReadOnlyList<int> EosIds(LanguageModel model, Tokenizer tokenizer) =>
        [.. (tokenizer.EosId is { } eos ? model.EosIds.Prepend(eos) : model.EosIds).Distinct()];

    /// <summary>Writes a model with its tokenizer in the format that transformers loads.</summary>
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
            throw new TrainingStoppedException(
                "the model's weights are no longer finite numbers, and were not written; try a smaller learning rate");
    }

    /// <summary>Random weights are drawn on the CPU, so that they are the same on every device.</summary>
    static T NewOnCpu<T>(Run run, Func<RandomSource, T> create)
    {
        using var random = new RandomSource((ulong)run.Seed);
        return create(random);
    }

    static JsonObject Config(ModelShape shape, Tokenizer tokenizer) =>
        shape.ToConfig(tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId);

    static T Fit<T>(T model, Backbone backbone, Tokenizer tokenizer, Device device) where T : Module
    {
        if (!model.IsFinite)
            throw new InvalidDataException("some weights of the model are not finite numbers: training diverged, or the files are damaged");
        // Some checkpoints declare more added tokens than the token embedding has rows, and never use them.
        int?[] used = [tokenizer.BaseVocabularySize - 1, tokenizer.BosId, tokenizer.EosId, tokenizer.PadId, tokenizer.UnkId,
            .. tokenizer.Encode("", addSpecialTokens: true)];
        if (used.Max() >= backbone.VocabularySize)
            throw new InvalidDataException(
                $"the tokenizer has {tokenizer.VocabularySize} tokens, but the model has embeddings for {backbone.VocabularySize}: they do "
                    + "not belong together");
        model.MoveTo(device);
        return model;
    }
}

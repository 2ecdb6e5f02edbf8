using System.CommandLine;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Parameters;

namespace Attune.Cli.Commands;

/// <summary><c>attune models show FOLDER</c>: what a checkpoint is and what it needs, without reading its weights.</summary>
static class ModelsCommand
{
    static readonly Argument<string> Folder = new("folder") { Description = "A model folder" };

    public static Command Create()
    {
        var show = new Command("show", "Family, size, memory, vocabulary, special tokens and template of a model") { Folder };
        show.SetAction(parsed => Show(parsed.GetValue(Folder)!));
        return CommandHelp.WithExample(new Command("models", "Look at models") { CommandHelp.WithExample(show, "attune models show runs/sft/model") }, "attune models show runs/sft/model");
    }

    static int Show(string folder)
    {
        var model = Pretrained.Describe(Peft.IsAdapter(folder) ? Peft.BaseFolder(folder) : folder);
        if (Peft.IsAdapter(folder))
            Say("adapter", $"LoRA, {Peft.ElementCount(folder):N0} parameters, on {Peft.BaseFolder(folder)}:");
        Say("family", $"{model.Family} ({model.ClassName}), {Kind(model.Backbone.Kind)}{Heads(model)}");
        Say("parameters", $"{model.Parameters:N0}{(model.IsTied ? "; the output matrix is the token table" : "")}");
        Say("dtype", $"{string.Join(", ", model.StoredBytes.Keys.Select(Name))}: {Size(model.Bytes)} in {(model.FileCount == 1 ? "one file" : $"{model.FileCount} files")}");
        Say("size", $"hidden states of {model.Backbone.Width:N0} channels, texts of up to {model.Backbone.ContextLength:N0} tokens");
        Say("to serve", ToServe(model));
        Say("to train", $"{Size(model.BytesToTrain)} in full, {Size(model.BytesToTrainLowRank)} by LoRA of rank 16 (Adam, float32); activations come on top");
        Say("", $"PPO keeps a frozen reference beside it: {Size(model.BytesToTrain + model.BytesIn(DType.Float32))} in full, none more by LoRA");
        SayTokenizer(folder, model);
        return 0;
    }

    static string Heads(ModelSummary model) => model.Heads.Count == 0 ? "" : $", with the heads {string.Join(", ", model.Heads)}";

    static string ToServe(ModelSummary model)
    {
        var weights = $"{Size(model.BytesIn(DType.Float32))} in float32, {Size(model.BytesIn(DType.BFloat16))} in bfloat16";
        return model.Backbone.Kind == BackboneKind.Encoder
            ? weights
            : $"{weights}; and {Size(model.CacheBytesPerToken(DType.Float32))} or {Size(model.CacheBytesPerToken(DType.BFloat16))} for each token in the cache";
    }

    static void SayTokenizer(string folder, ModelSummary model)
    {
        Tokenizer tokenizer;
        try
        {
            tokenizer = ModelFolder.LoadTokenizer(folder);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            Say("tokenizer", $"MISSING: {error.Message}");
            return;
        }
        Say("vocabulary", $"{tokenizer.VocabularySize:N0} tokens; the model tells {model.Backbone.VocabularySize:N0} apart"
            + (tokenizer.VocabularySize > model.Backbone.VocabularySize ? ". They do not fit: the tokenizer is of another model" : ""));
        (string Part, int? Id)[] parts = [("bos", tokenizer.BosId), ("eos", tokenizer.EosId), ("pad", tokenizer.PadId), ("unk", tokenizer.UnkId)];
        Say("special", string.Join(", ", parts.Select(part => part.Id is { } id ? $"{part.Part} {tokenizer.IdToToken(id)} ({id})" : $"no {part.Part}")));
        Say("template", Template(tokenizer.ChatTemplate));
    }

    static string Template(string? jinja) => jinja switch
    {
        null => "none: prompts are taken as they are written",
        _ when jinja.Contains("generation %}", StringComparison.Ordinal) => $"{jinja.Length:N0} characters; it marks what the assistant says",
        _ => $"{jinja.Length:N0} characters",
    };

    static string Kind(BackboneKind kind) => kind switch
    {
        BackboneKind.Decoder => "a decoder",
        BackboneKind.Encoder => "an encoder",
        _ => "an encoder and a decoder",
    };

    static string Name(DType dtype) => dtype.ToString().ToLowerInvariant();

    static string Size(long bytes) => bytes switch
    {
        >= 1 << 30 => $"{bytes / (double)(1 << 30):F1} GiB",
        >= 1 << 20 => $"{bytes / (double)(1 << 20):F1} MiB",
        _ => $"{bytes / 1024.0:F1} KiB",
    };

    static void Say(string what, string found) => Console.Out.WriteLine($"{what,-10} {found}");
}

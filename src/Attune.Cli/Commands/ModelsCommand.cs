using System.CommandLine;
using Attune.Hub;
using Attune.Models.Backbones;
using Attune.Models.Checkpoints;
using Attune.Text;
using Attune.Torch;
using Attune.Training.Options;
using Attune.Training.Parameters;

namespace Attune.Cli.Commands;

/// <summary><c>attune models show FOLDER</c>: describes a checkpoint and the memory it needs, without reading its weights.</summary>
static class ModelsCommand
{
    static readonly Argument<string> Folder = new("folder")
    {
        HelpName = "MODEL", Description = "A model folder, a run, or the name of a downloaded model",
    };

    public static Command Create()
    {
        var show = new Command("show", "Show family, size, memory, vocabulary, special tokens and chat template of a model") { Folder };
        show.SetAction(parsed => Show(parsed.GetValue(Folder)!));
        const string Example = "attune models show runs/quickstart/2-sft";
        return CommandHelp.WithExample(
            new Command("models", "Get models from the Hugging Face Hub; describe, merge, convert and average models")
            {
                GetCommand.Create(HubKind.Model), CommandHelp.WithExample(show, Example), ModelFilesCommands.Merge(),
                ModelFilesCommands.Convert(), ModelFilesCommands.Average(),
            },
            $"{GetCommand.ModelExample}\n{Example}");
    }

    static int Show(string folder)
    {
        folder = ModelPath.Find(folder);
        var model = ModelFolder.Describe(folder);
        if (Peft.IsAdapter(folder))
            PrintRow("adapter", $"LoRA, {Peft.ElementCount(folder):N0} parameters, on {Peft.BaseFolder(folder)}:");
        PrintRow("family", $"{model.Family} ({model.ClassName}), {Kind(model.Backbone.Kind)}{Heads(model)}");
        PrintRow("parameters", $"{model.Parameters:N0}{(model.IsTied ? "; output and token embeddings are tied" : "")}");
        var files = model.FileCount == 1 ? "one file" : $"{model.FileCount} files";
        PrintRow("dtype", $"{string.Join(", ", model.StoredBytes.Keys.Select(DTypes.Name))}: {Size(model.Bytes)} in {files}");
        PrintRow("size", $"hidden states of {model.Backbone.Width:N0} channels, context of {model.Backbone.ContextLength:N0} tokens");
        PrintRow("to serve", ToServe(model));
        PrintRow(
            "to train",
            $"{Size(model.BytesToTrain)} for all weights, {Size(model.BytesToTrainLowRank)} with LoRA of rank 16 (Adam, float32), "
            + "plus activations");
        PrintRow(
            "",
            $"PPO adds a frozen reference: {Size(model.BytesToTrain + model.BytesIn(DType.Float32))} for all weights, no more with LoRA");
        PrintTokenizer(folder, model);
        return 0;
    }

    static string Heads(ModelSummary model) => model.Heads.Count == 0 ? "" : $", with the heads {string.Join(", ", model.Heads)}";

    static string ToServe(ModelSummary model)
    {
        var weights = $"{Size(model.BytesIn(DType.Float32))} in float32, {Size(model.BytesIn(DType.BFloat16))} in bfloat16";
        return model.Backbone.Kind == BackboneKind.Encoder
            ? weights
            : $"{weights}; plus {Size(model.CacheBytesPerToken(DType.Float32))} or {Size(model.CacheBytesPerToken(DType.BFloat16))} "
                + "for each token in the KV cache";
    }

    static void PrintTokenizer(string folder, ModelSummary model)
    {
        Tokenizer tokenizer;
        try
        {
            tokenizer = ModelFolder.LoadTokenizer(folder);
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            PrintRow("tokenizer", $"MISSING: {error.Message}");
            return;
        }
        PrintRow("vocabulary", $"{tokenizer.VocabularySize:N0} tokens; the model has {model.Backbone.VocabularySize:N0} token embeddings"
            + (tokenizer.VocabularySize > model.Backbone.VocabularySize ? ". The tokenizer belongs to another model" : ""));
        (string Part, int? Id)[] parts =
            [("bos", tokenizer.BosId), ("eos", tokenizer.EosId), ("pad", tokenizer.PadId), ("unk", tokenizer.UnkId)];
        var special = parts.Select(part => part.Id is { } id ? $"{part.Part} {tokenizer.IdToToken(id)} ({id})" : $"no {part.Part}");
        PrintRow("special", string.Join(", ", special));
        PrintRow("template", Template(tokenizer.ChatTemplate));
    }

    static string Template(string? jinja) => jinja switch
    {
        null => "none",
        _ when jinja.Contains("generation %}", StringComparison.Ordinal) =>
            $"{jinja.Length:N0} characters; {{% generation %}} marks the assistant's tokens",
        _ => $"{jinja.Length:N0} characters",
    };

    static string Kind(BackboneKind kind) => kind switch
    {
        BackboneKind.Decoder => "a decoder",
        BackboneKind.Encoder => "an encoder",
        _ => "an encoder and a decoder",
    };

    static string Size(long bytes) => bytes switch
    {
        >= 1 << 30 => $"{bytes / (double)(1 << 30):F1} GiB",
        >= 1 << 20 => $"{bytes / (double)(1 << 20):F1} MiB",
        _ => $"{bytes / 1024.0:F1} KiB",
    };

    static void PrintRow(string name, string value) => Console.Out.WriteLine($"{name,-10} {value}");
}

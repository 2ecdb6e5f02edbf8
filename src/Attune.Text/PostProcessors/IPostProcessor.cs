namespace Attune.Text;

/// <summary>Works on what the model made of one text, or of two: trims offsets, puts special tokens around.</summary>
interface IPostProcessor
{
    /// <summary>How many special tokens <see cref="Process"/> adds to one text, or to two.</summary>
    int Added(bool pair);

    /// <summary>What it returns is joined in the end; a step behind it in a Sequence sees the list.</summary>
    IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> encodings, bool addSpecialTokens);
}

/// <summary>The post-processors this build knows, by the <c>type</c> that tokenizer.json gives them.</summary>
static class PostProcessors
{
    public static IPostProcessor Read(JsonField field) => field["type"].Text() switch
    {
        "Sequence" => new PostProcessorSequence([.. field["processors"].Items().Select(Read)]),
        "ByteLevel" => new OffsetTrimmer(field["trim_offsets"].Flag(), field["add_prefix_space"].Flag()),
        "RobertaProcessing" => RobertaPostProcessor.Read(field),
        "BertProcessing" => BertPostProcessor.Read(field),
        "TemplateProcessing" => TemplatePostProcessor.Read(field),
        _ => throw field["type"].Unknown("post-processor", "Sequence", "ByteLevel", "RobertaProcessing", "BertProcessing", "TemplateProcessing"),
    };
}

namespace Attune.Text;

/// <summary>Processes the encodings of one text, or of two: trims offsets, adds special tokens.</summary>
interface IPostProcessor
{
    /// <summary>The number of special tokens that <see cref="Process"/> adds to one text, or to two.</summary>
    int Added(bool pair);

    /// <summary>Returns a list of encodings, which are concatenated at the end. The next step of a Sequence gets the list.</summary>
    IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> encodings, bool addSpecialTokens);
}

/// <summary>The supported post-processors, by their <c>type</c> in tokenizer.json.</summary>
static class PostProcessors
{
    public static IPostProcessor Read(JsonField field) => field["type"].Text() switch
    {
        "Sequence" => new PostProcessorSequence([.. field["processors"].Items().Select(Read)]),
        "ByteLevel" => new OffsetTrimmer(field["trim_offsets"].Flag(), field["add_prefix_space"].Flag()),
        "RobertaProcessing" => RobertaPostProcessor.Read(field),
        "BertProcessing" => BertPostProcessor.Read(field),
        "TemplateProcessing" => TemplatePostProcessor.Read(field),
        _ => throw field["type"].Unknown(
            "post-processor", "Sequence", "ByteLevel", "RobertaProcessing", "BertProcessing", "TemplateProcessing"),
    };
}

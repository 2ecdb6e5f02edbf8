namespace Attune.Text;

/// <summary>Arranges texts and special tokens by a template: one template for a single text and one for a pair.</summary>
sealed class TemplatePostProcessor : IPostProcessor
{
    const int MostParts = 64;                                      // known templates have at most 8

    /// <summary>A text (0 or 1), or special tokens if Text is null.</summary>
    readonly record struct Part(int? Text, int TypeId, Encoding? Special);

    readonly JsonField field;
    readonly IReadOnlyList<Part> single;
    readonly IReadOnlyList<Part> pair;

    TemplatePostProcessor(JsonField field)
    {
        this.field = field;
        single = ReadTemplate(field["single"], texts: 1);
        pair = ReadTemplate(field["pair"], texts: 2);
    }

    public static TemplatePostProcessor Read(JsonField field) => new(field);

    IReadOnlyList<Part> ReadTemplate(JsonField template, int texts)
    {
        var parts = template.Items().Take(MostParts + 1).Select(part => ReadPart(part, texts)).ToList();
        return parts.Count <= MostParts ? parts : throw template.Invalid($"a template must have at most {MostParts} parts");
    }

    Part ReadPart(JsonField part, int texts)
    {
        if (part.Optional("SpecialToken") is { } special)
            return new(null, 0, ReadSpecial(special, special["type_id"].Whole()));
        var sequence = part["Sequence"];
        var text = sequence["id"].Text() switch
        {
            "A" => 0,
            "B" when texts == 2 => 1,
            _ => throw sequence["id"].Wrong(texts == 2 ? "A or B" : "A"),
        };
        return new(text, sequence["type_id"].Whole(), null);
    }

    Encoding ReadSpecial(JsonField special, int typeId)
    {
        var known = field["special_tokens"];
        if (known.Optional(special["id"].Text()) is not { } token)
            throw special["id"].Unknown("special token of this template", [.. known.Members().Select(member => member.Name)]);
        int[] ids = [.. token["ids"].Items().Select(id => id.Whole())];
        string[] tokens = [.. token["tokens"].Items().Select(text => text.Text())];
        return ids.Length == tokens.Length
            ? Encoding.Added(ids, tokens, typeId)
            : throw token.Wrong("a list with as many ids as tokens");
    }

    public int Added(bool pair) => (pair ? this.pair : single).Sum(part => part.Special?.Length ?? 0);

    public IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> encodings, bool addSpecialTokens)
    {
        var template = encodings.Count switch
        {
            1 => single,
            2 => pair,
            _ => throw field.Invalid("TemplateProcessing cannot follow another step that adds special tokens"),
        };
        return
        [
            .. template
                .Where(part => part.Text is not null || addSpecialTokens)
                .Select(part => part.Text is { } text ? encodings[text].WithTypeId(part.TypeId) : part.Special!),
        ];
    }
}

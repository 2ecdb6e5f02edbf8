namespace Attune.Text;

/// <summary>The pieces to which a space is prepended.</summary>
enum PrependScheme
{
    Always,

    /// <summary>The piece at the start of the text.</summary>
    First,
    Never,
}

/// <summary>How spaces are written as a visible character, in the pre-tokenizer and the decoder of a tokenizer.json.</summary>
/// <param name="Replacement">The visible character, such as <c>▁</c>.</param>
/// <param name="Scheme">The pieces to which one is prepended.</param>
/// <param name="Split">Whether every space starts a word.</param>
sealed record Metaspace(string Replacement, PrependScheme Scheme, bool Split)
{
    public static Metaspace Read(JsonField field) => new(field["replacement"].Character(), ReadScheme(field), field.Flag("split", true));

    /// <summary>Older files have only <c>add_prefix_space</c>.</summary>
    static PrependScheme ReadScheme(JsonField field)
    {
        var prefixed = field.Flag("add_prefix_space", true);
        if (field.Optional("prepend_scheme") is not { } scheme)
            return prefixed ? PrependScheme.Always : PrependScheme.Never;
        var read = scheme.Text() switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw scheme.Unknown("prepend_scheme", "always", "first", "never"),
        };
        return prefixed || read == PrependScheme.Never ? read : throw field.Invalid("add_prefix_space false contradicts prepend_scheme");
    }
}

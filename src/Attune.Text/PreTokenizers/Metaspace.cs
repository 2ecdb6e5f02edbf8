namespace Attune.Text;

/// <summary>Before which pieces a space is put.</summary>
enum PrependScheme
{
    Always,

    /// <summary>Before the one that begins where the text begins.</summary>
    First,
    Never,
}

/// <summary>How spaces are written as a visible character, which pre-tokenizer and decoder of a tokenizer.json say alike.</summary>
/// <param name="Replacement">What stands for a space, such as <c>▁</c>.</param>
/// <param name="Scheme">Before which pieces one is put.</param>
/// <param name="Split">Whether every space begins a word.</param>
sealed record Metaspace(string Replacement, PrependScheme Scheme, bool Split)
{
    public static Metaspace Read(JsonField field) => new(field["replacement"].Character(), ReadScheme(field), field.Flag("split", true));

    /// <summary>Older files say <c>add_prefix_space</c> alone.</summary>
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

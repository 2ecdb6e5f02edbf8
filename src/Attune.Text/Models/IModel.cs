namespace Attune.Text;

/// <summary>A token of a word, and the UTF-16 units [Start, End) of the word that it covers.</summary>
readonly record struct Token(int Id, int Start, int End);

/// <summary>Splits one word into tokens of the vocabulary. Safe to use from several threads.</summary>
interface IModel
{
    /// <summary>Number of tokens in the vocabulary, without added tokens.</summary>
    int VocabularySize { get; }

    int? TokenToId(string token);

    string? IdToToken(int id);

    Token[] Tokenize(ReadOnlySpan<char> word);

    /// <summary>The text of a token that was found in a word.</summary>
    string TextOf(Token token, ReadOnlySpan<char> word) => IdToToken(token.Id)!;
}

/// <summary>The supported models, by their <c>type</c> in tokenizer.json.</summary>
static class Models
{
    public static IModel Read(JsonField field) => field.Optional("type")?.Text() switch
    {
        "BPE" => BytePair.Read(field),
        "Unigram" => Unigram.Read(field),
        "WordPiece" => WordPiece.Read(field),
        "WordLevel" => WordLevel.Read(field),
        null when field.Optional("merges") is not null => BytePair.Read(field),       // files before version 0.8 have no type
        null when field.Optional("max_input_chars_per_word") is not null => WordPiece.Read(field),
        null when field.Optional("vocab")?.Value.ValueKind == System.Text.Json.JsonValueKind.Array => Unigram.Read(field),
        null => throw field.Invalid("must have 'type'"),
        _ => throw field["type"].Unknown("model", "BPE", "Unigram", "WordPiece", "WordLevel"),
    };
}

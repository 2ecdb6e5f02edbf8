namespace Attune.Text;

/// <summary>A token of a word, and the units [Start, End) of the word that it covers.</summary>
readonly record struct Token(int Id, int Start, int End);

/// <summary>Turns one word into tokens of its vocabulary. Safe to use from several threads.</summary>
interface IModel
{
    /// <summary>How many tokens the vocabulary has, added tokens aside.</summary>
    int VocabularySize { get; }

    int? TokenToId(string token);

    string? IdToToken(int id);

    Token[] Tokenize(ReadOnlySpan<char> word);

    /// <summary>How a token that was found in a word is written.</summary>
    string TextOf(Token token, ReadOnlySpan<char> word) => IdToToken(token.Id)!;
}

/// <summary>The models this build knows, by the <c>type</c> that tokenizer.json gives them.</summary>
static class Models
{
    public static IModel Read(JsonField field) => field.Optional("type")?.Text() switch
    {
        "BPE" => BytePair.Read(field),
        "Unigram" => Unigram.Read(field),
        "WordPiece" => WordPiece.Read(field),
        "WordLevel" => WordLevel.Read(field),
        null when field.Optional("merges") is not null => BytePair.Read(field),       // files before version 0.8 name no type
        null when field.Optional("max_input_chars_per_word") is not null => WordPiece.Read(field),
        null when field.Optional("vocab")?.Value.ValueKind == System.Text.Json.JsonValueKind.Array => Unigram.Read(field),
        null => throw field.Wrong("an object with 'type'"),
        _ => throw field["type"].Unknown("model", "BPE", "Unigram", "WordPiece", "WordLevel"),
    };
}

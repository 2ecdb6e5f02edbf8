namespace Attune.Jinja;

enum TokenKind
{
    /// <summary>Text outside of tags.</summary>
    Data,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Number,
    Operator,
    End,
}

/// <summary>A token of a template.</summary>
/// <param name="Kind">The kind of token.</param>
/// <param name="Text">The data, the name, the operator, the decoded string, or the digits.</param>
/// <param name="Line">The line, counted from 1.</param>
/// <param name="Value">The value of a number.</param>
readonly record struct Token(TokenKind Kind, string Text, int Line, object? Value = null)
{
    public bool Is(string text) => Kind is TokenKind.Name or TokenKind.Operator && Text == text;

    /// <summary>The token's name in error messages.</summary>
    public string Described => Kind switch
    {
        TokenKind.Data => "template data / text",
        TokenKind.VariableBegin => "begin of print statement",
        TokenKind.VariableEnd => "end of print statement",
        TokenKind.BlockBegin => "begin of statement block",
        TokenKind.BlockEnd => "end of statement block",
        TokenKind.End => "end of template",
        TokenKind.String => "string",
        TokenKind.Number => Value is double ? "float" : "integer",
        _ => Text,
    };
}

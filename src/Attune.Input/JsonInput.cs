using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Attune.Input;

/// <summary>
/// Parses JSON that a user or another program wrote: standard JSON, no name twice in an object, at most 64 levels, names of valid Unicode.
/// Errors give the file, line and column, and what was expected and found.
/// </summary>
public static class JsonInput
{
    /// <summary>The most levels of lists and objects.</summary>
    public const int MaxDepth = 64;

    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    /// <summary>A JSON value from text. Its texts are not decoded: one with a lone surrogate fails when it is read.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">The name of the file or sender in error messages.</param>
    /// <param name="line">The line of the file at which the text begins.</param>
    /// <exception cref="InvalidDataException">The text is not valid JSON.</exception>
    public static JsonElement Parse(string json, string source, int line = 1)
    {
        try
        {
            return JsonElement.Parse(json, Strict);
        }
        catch (Exception error) when (IsInvalid(error))
        {
            throw Invalid(Encoding.UTF8.GetBytes(json), source, line, error);
        }
    }

    /// <summary>A JSON value from UTF-8 bytes. Its texts are not decoded: one with a lone surrogate fails when it is read.</summary>
    /// <inheritdoc cref="Parse(string, string, int)"/>
    public static JsonElement Parse(ReadOnlySpan<byte> json, string source)
    {
        json = WithoutMark(json);
        if (!Utf8.IsValid(json))
            throw Invalid(json, source, line: 1, cause: null);
        try
        {
            return JsonElement.Parse(json, Strict);
        }
        catch (Exception error) when (IsInvalid(error))
        {
            throw Invalid(json, source, line: 1, error);
        }
    }

    /// <summary>
    /// The JSON object in a file. Every text is decoded once, so that a lone surrogate is reported with its line.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is not a JSON object.</exception>
    public static JsonObject ReadObject(string path)
    {
        var bytes = InputFile.ReadBytes(path);
        if (bytes.Length == 0)
            throw new InvalidDataException($"{path} is empty; it must be a JSON object");
        var json = Parse(bytes, path);
        if (json.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{path} must be a JSON object (was {Name(json.ValueKind)})");
        if (JsonSyntax.FindProblem(WithoutMark(bytes)) is not null)
            throw Invalid(WithoutMark(bytes), path, line: 1, cause: null);
        return JsonObject.Create(json)!;
    }

    /// <summary>A value of a type from the JSON in a file.</summary>
    /// <exception cref="InvalidDataException">The file is not valid JSON, or its values are of other types.</exception>
    public static T Read<T>(string path, JsonSerializerOptions options)
    {
        var bytes = InputFile.ReadBytes(path);
        try
        {
            return JsonSerializer.Deserialize<T>(WithoutMark(bytes), options)
                ?? throw new InvalidDataException($"{path} must have a value (was null)");
        }
        catch (Exception error) when (IsInvalid(error))
        {
            throw Invalid(WithoutMark(bytes), path, line: 1, error);
        }
    }

    /// <summary>The first error of a JSON text, with its line and column; null when it is valid.</summary>
    public static string? Problem(ReadOnlySpan<byte> json) =>
        JsonSyntax.FindProblem(json) is { } problem ? $"{JsonSyntax.Place(json, problem.Offset, 1)}: {problem.What}" : null;

    /// <summary>The name of a kind of value in messages, such as "a list".</summary>
    public static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };

    static bool IsInvalid(Exception error) => error is JsonException or InvalidOperationException or ArgumentException;

    static InvalidDataException Invalid(ReadOnlySpan<byte> json, string source, int line, Exception? cause)
    {
        if (line == 1 && FileSignature.Problem(json[..Math.Min(json.Length, FileSignature.Length)]) is { } kind)
            return new($"{source} {kind}", cause);
        if (JsonSyntax.FindProblem(json) is { } problem)
            return new($"{source}, {JsonSyntax.Place(json, problem.Offset, line)}: this is not valid JSON: {problem.What}", cause);
        return new(cause is JsonException { Path: { Length: > 2 } path }
            ? $"{source}: '{path[2..]}' has a value of the wrong type" : $"{source}: the JSON has a value of the wrong type", cause);
    }

    static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> json) => json is [0xEF, 0xBB, 0xBF, .. var rest] ? rest : json;
}

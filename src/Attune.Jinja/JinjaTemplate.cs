using System.Text.Json;

namespace Attune.Jinja;

/// <summary>
/// A compiled Jinja template. It is untrusted: it can read only its variables, and its work, depth and output are limited. Safe to use
/// from several threads.
/// </summary>
public sealed class JinjaTemplate
{
    readonly Statement[] body;

    /// <param name="source">The template's source.</param>
    /// <exception cref="InvalidDataException">The source is invalid; the message names the line.</exception>
    public JinjaTemplate(string source) => (body, MarksGeneration) = Parser.Parse(source);

    /// <summary>Whether the template has a <c>{% generation %}</c> block.</summary>
    public bool MarksGeneration { get; }

    /// <summary>Renders the template.</summary>
    /// <param name="variables">Each value is a string, a bool, null, a <see cref="JsonElement"/> or a list of these elements; a later value
    /// replaces an earlier one of the same name.</param>
    /// <param name="now">The clock of <c>strftime_now</c>.</param>
    /// <exception cref="InvalidDataException">The template raises an error or exceeds its limits; the message names the line.</exception>
    public RenderedTemplate Render(IEnumerable<(string Name, object? Value)> variables, Func<DateTime> now)
    {
        var run = new Rendering(now);
        try
        {
            var scope = new Scope(run, null);
            foreach (var (name, value) in variables)
                scope.Set(name, Value(run, name, value));
            Statement.Run(body, scope);
        }
        catch (InvalidDataException error)
        {
            throw TemplateError.At(run.Line, error.Message);
        }
        var text = run.Text;
        return new(text, [.. run.Generated.Select(span => (CodePoints(text, span.Start), CodePoints(text, span.End)))]);
    }

    static object? Value(Rendering run, string name, object? value)
    {
        try
        {
            return value switch
            {
                null or string or bool => value,
                JsonElement json => JsonValues.FromJson(run, json),
                IEnumerable<JsonElement> list => list.Select(json => JsonValues.FromJson(run, json)).ToList(),
                _ => throw new ArgumentException(
                    $"{name} must be a string, a bool, null, JSON or a list of JSON (was {value.GetType()})", nameof(value)),
            };
        }
        catch (InvalidOperationException error)
        {
            throw TemplateError.Create($"the variable {name} has an unpaired surrogate ({error.Message})");
        }
    }

    static int CodePoints(string text, int end) => PythonText.CodePointsIn(text.AsSpan(0, Math.Min(end, text.Length)));
}

/// <summary>The output of a template.</summary>
/// <param name="Text">The whole text.</param>
/// <param name="Generated">The spans of <c>{% generation %}</c> blocks, as [start, end) in code points of the text.</param>
public sealed record RenderedTemplate(string Text, IReadOnlyList<(int Start, int End)> Generated);

namespace Attune.Jinja;

/// <summary>An error in a template, or in its rendering.</summary>
static class TemplateError
{
    /// <summary>The message, preceded by the line in the template.</summary>
    public static InvalidDataException At(int line, string problem) => new($"chat template, line {line}: {problem}");

    /// <summary>For errors while a template is rendered; <see cref="Rendering"/> adds the line.</summary>
    public static InvalidDataException Create(string problem) => new(problem);
}

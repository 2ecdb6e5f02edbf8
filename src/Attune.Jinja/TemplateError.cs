namespace Attune.Jinja;

/// <summary>What is wrong with a template, or with what it does.</summary>
static class TemplateError
{
    /// <summary>The message, with the line of the template in front.</summary>
    public static InvalidDataException At(int line, string problem) => new($"chat template, line {line}: {problem}");

    /// <summary>While a template is rendered: the line is put in front by <see cref="Rendering"/>.</summary>
    public static InvalidDataException Create(string problem) => new(problem);
}

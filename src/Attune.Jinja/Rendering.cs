using System.Runtime.CompilerServices;
using System.Text;

namespace Attune.Jinja;

/// <summary>
/// One rendering of a template: its output and its limits. A template is untrusted code, so its work, its nesting depth and the length
/// of its texts and numbers are limited, and it can read only its variables.
/// </summary>
sealed class Rendering
{
    /// <summary>
    /// The maximum number of evaluation steps. 16 characters or one item that are read or written also count as a step.
    /// </summary>
    public const long MostWork = 5_000_000;

    /// <summary>The maximum depth of nested expressions and statements, recursive macros included.</summary>
    public const int MostDepth = 800;

    /// <summary>The maximum length of the output, or of any intermediate text, in UTF-16 units.</summary>
    public const int MostText = 4 * 1024 * 1024;

    readonly StringBuilder root = new();
    StringBuilder output;
    long work;
    int depth;

    public Rendering(Func<DateTime> now)
    {
        output = root;
        Now = now;
        Keys = new(this);
    }

    public Func<DateTime> Now { get; }

    /// <summary>The equality of dictionary keys.</summary>
    public KeyComparer Keys { get; }

    /// <summary>The line of the template that is being evaluated.</summary>
    public int Line { get; set; } = 1;

    /// <summary>The spans of <c>{% generation %}</c> blocks, as [start, end) in UTF-16 units of the text.</summary>
    public List<(int Start, int End)> Generated { get; } = [];

    public string Text => root.ToString();

    public void Enter(int line)
    {
        Line = line;
        Spend(1);
        if (++depth > MostDepth)
            throw TemplateError.Create($"expressions and macros must nest at most {MostDepth} deep; does a macro call itself endlessly?");
        GuardStack();
    }

    public void Leave() => depth--;

    /// <summary>Checks the stack, for recursion over values.</summary>
    public static void GuardStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw TemplateError.Create("values or expressions nest too deeply");
    }

    public void Spend(long amount)
    {
        work += amount;
        if (work > MostWork)
            throw TemplateError.Create($"the template takes more than {MostWork:N0} steps; does it have a very long loop?");
    }

    /// <summary>Counts the work of reading a text.</summary>
    public void SpendText(int length) => Spend(length / 16);

    /// <summary>Checks the length of a text before it is created, and counts the work.</summary>
    public void Reserve(long length)
    {
        if (length > MostText)
            throw TemplateError.Create($"a text must have at most {MostText:N0} characters (was {length:N0})");
        Spend(length / 16);
    }

    /// <summary>Throws if a growing text is too long.</summary>
    public static void Limit(StringBuilder text)
    {
        if (text.Length > MostText)
            throw TemplateError.Create($"a text must have at most {MostText:N0} characters");
    }

    /// <summary>Counts the work of a text that was created, and returns it.</summary>
    public string Made(string text)
    {
        Reserve(text.Length);
        return text;
    }

    /// <summary>A text repeated a number of times.</summary>
    public string Repeated(string text, long times)
    {
        if (times <= 0 || text.Length == 0)
            return "";
        Reserve(Math.Min(times, MostText + 1L) * text.Length);
        return times == 1 ? text : new StringBuilder(text.Length * (int)times).Insert(0, text, (int)times).ToString();
    }

    public void Write(string text)
    {
        SpendText(text.Length);
        Limit(output.Append(text));
    }

    /// <summary>Runs <paramref name="write"/> and returns its output as a text.</summary>
    public string Capture(Action write)
    {
        var outer = output;
        output = new();
        write();
        var text = output.ToString();
        output = outer;
        SpendText(text.Length);
        return text;
    }

    /// <summary>Writes the assistant's text. Its span is counted in the text so far, as in transformers.</summary>
    public void WriteGenerated(string text)
    {
        Generated.Add((root.Length, root.Length + text.Length));
        Write(text);
    }
}

using System.Runtime.CompilerServices;
using System.Text;

namespace Attune.Jinja;

/// <summary>
/// One rendering of a template: its output, and the bounds that hold for it. A template is a stranger's program, so the work it does,
/// the depth to which it nests and the texts and numbers it makes are limited, and it reaches nothing but its variables.
/// </summary>
sealed class Rendering
{
    /// <summary>Steps of the evaluator; a step also stands for 16 characters or one item that are looked at or written.</summary>
    public const long MostWork = 5_000_000;

    /// <summary>Expressions and statements inside of each other, macros that call themselves among them.</summary>
    public const int MostDepth = 800;

    /// <summary>UTF-16 units of a text, rendered or in between.</summary>
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

    /// <summary>How keys of dictionaries compare.</summary>
    public KeyComparer Keys { get; }

    /// <summary>The line of the template that is at work.</summary>
    public int Line { get; set; } = 1;

    /// <summary>What stood in <c>{% generation %}</c>, as [start, end) in UTF-16 units of the text.</summary>
    public List<(int Start, int End)> Generated { get; } = [];

    public string Text => root.ToString();

    public void Enter(int line)
    {
        Line = line;
        Spend(1);
        if (++depth > MostDepth)
            throw TemplateError.Create($"expressions and macros that nest at most {MostDepth} deep were expected; this goes deeper (does a macro call itself without an end?)");
        GuardStack();
    }

    public void Leave() => depth--;

    /// <summary>For what recurses over values.</summary>
    public static void GuardStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw TemplateError.Create("values or expressions nest too deeply");
    }

    public void Spend(long amount)
    {
        work += amount;
        if (work > MostWork)
            throw TemplateError.Create($"the template takes more than {MostWork:N0} steps; is there a loop that goes on too long?");
    }

    /// <summary>For reading a text.</summary>
    public void SpendText(int length) => Spend(length / 16);

    /// <summary>Before a text of that length is made.</summary>
    public void Reserve(long length)
    {
        if (length > MostText)
            throw TemplateError.Create($"texts of at most {MostText:N0} characters were expected; this one would have {length:N0}");
        Spend(length / 16);
    }

    /// <summary>Refuses a text that has grown too long.</summary>
    public static void Limit(StringBuilder text)
    {
        if (text.Length > MostText)
            throw TemplateError.Create($"texts of at most {MostText:N0} characters were expected; this one grows longer");
    }

    /// <summary>A text that has been made.</summary>
    public string Made(string text)
    {
        Reserve(text.Length);
        return text;
    }

    /// <summary>A text that holds so many copies of another.</summary>
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

    /// <summary>What is written meanwhile, as a text.</summary>
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

    /// <summary>Writes what the assistant said. Where it stands is counted in the text so far, as transformers does.</summary>
    public void WriteGenerated(string text)
    {
        Generated.Add((root.Length, root.Length + text.Length));
        Write(text);
    }
}

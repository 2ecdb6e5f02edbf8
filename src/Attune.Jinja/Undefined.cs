namespace Attune.Jinja;

/// <summary>What is not there: false, empty and "" until it is asked for more, and then the error that says what is missing.</summary>
sealed class Undefined(Func<string> problem)
{
    public static Undefined Because(string problem) => new(() => problem);

    public static Undefined Variable(string name) => new(() => $"{PythonText.Quoted(name)} is undefined");

    public static Undefined Member(object? owner, object? name) => new(() => name is string text
        ? $"{PythonText.Quoted(Owner(owner))} has no attribute {PythonText.Quoted(text)}"
        : $"{Owner(owner)} has no element {(name is System.Numerics.BigInteger or double or bool ? name : Kinds.NameOf(name))}");

    /// <summary>A member that exists in Python and may not be reached from a template.</summary>
    public static Undefined Unsafe(object? owner, string name) =>
        new(() => $"access to attribute {PythonText.Quoted(name)} of {PythonText.Quoted(Kinds.NameOf(owner))} object is unsafe.");

    static string Owner(object? owner) => owner is null ? "None" : $"{Kinds.NameOf(owner)} object";

    public InvalidDataException Error() => TemplateError.Create(problem());
}

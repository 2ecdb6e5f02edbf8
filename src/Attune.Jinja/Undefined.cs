namespace Attune.Jinja;

/// <summary>A missing value: false, empty and "", but an error that names what is missing when it is used further.</summary>
sealed class Undefined(Func<string> problem)
{
    public static Undefined Because(string problem) => new(() => problem);

    public static Undefined Variable(string name) => new(() => $"{PythonText.Quoted(name)} is undefined");

    public static Undefined Member(object? owner, object? name) => new(() => name is string text
        ? $"{PythonText.Quoted(Owner(owner))} has no attribute {PythonText.Quoted(text)}"
        : $"{Owner(owner)} has no element {(name is System.Numerics.BigInteger or double or bool ? name : Kinds.NameOf(name))}");

    /// <summary>A member that exists in Python and that a template cannot access.</summary>
    public static Undefined Unsafe(object? owner, string name) =>
        new(() => $"access to attribute {PythonText.Quoted(name)} of {PythonText.Quoted(Kinds.NameOf(owner))} object is unsafe.");

    static string Owner(object? owner) => owner is null ? "None" : $"{Kinds.NameOf(owner)} object";

    public InvalidDataException Error() => TemplateError.Create(problem());
}

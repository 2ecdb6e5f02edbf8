using System.Collections;
using System.Reflection;

namespace Attune.Testing;

/// <summary>
/// The tests of an assembly with the trait Category=Golden, to test them: each fails when one of the values that it expects is changed.
/// </summary>
public static class GoldenTests
{
    const int MaxRows = 3;

    /// <summary>
    /// Their names, TYPE.METHOD, without those of <paramref name="except"/> and those with the trait Compares=Nothing.
    /// </summary>
    public static IEnumerable<string> Names(Type except) => All(except.Assembly)
        .Where(method => method.DeclaringType != except && !HasTrait(method, "Compares", "Nothing"))
        .Select(method => $"{method.DeclaringType!.FullName}.{method.Name}");

    /// <summary>
    /// Runs a test with up to three rows of its data that compare something; each once for the first, the middle and the last comparison,
    /// changed.
    /// </summary>
    /// <returns>What did not fail; empty where all is well.</returns>
    public static IReadOnlyList<string> Insensitive(Assembly assembly, string name)
    {
        var method = All(assembly).First(found => $"{found.DeclaringType!.FullName}.{found.Name}" == name);
        var rows = Rows(method).Select(row => (Values: row, Comparisons: Run(method, row, which: -1, out _)))
            .Where(row => row.Comparisons > 0).Take(MaxRows).ToList();
        return rows.Count == 0
            ? [$"{name} compares nothing"]
            : [.. rows.SelectMany(row => Insensitive(method, row.Values, row.Comparisons))];
    }

    static IEnumerable<string> Insensitive(MethodInfo method, object?[] row, int comparisons)
    {
        foreach (var which in ((int[])[0, comparisons / 2, comparisons - 1]).Distinct())
        {
            Run(method, row, which, out var failure);
            if (failure is null)
                yield return $"{method.Name}({string.Join(", ", row)}) passes although comparison {which + 1} of {comparisons} expects "
                    + "something else";
        }
    }

    static int Run(MethodInfo method, object?[] row, int which, out Exception? failure)
    {
        using var changed = new ChangedExpectation(which);
        var test = Activator.CreateInstance(method.DeclaringType!);
        try
        {
            method.Invoke(test, row);
            failure = null;
        }
        catch (TargetInvocationException error)
        {
            failure = error.InnerException;
        }
        finally
        {
            (test as IDisposable)?.Dispose();
        }
        return changed.Comparisons;
    }

    static IEnumerable<MethodInfo> All(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        where Has(method, "FactAttribute") || Has(method, "TheoryAttribute")
        where HasTrait(type, "Category", "Golden") || HasTrait(method, "Category", "Golden")
        select method;

    static bool Has(MemberInfo member, string attribute) => member.CustomAttributes.Any(data => data.AttributeType.Name == attribute);

    static bool HasTrait(MemberInfo member, string name, string value) => member.CustomAttributes.Any(data =>
        data.AttributeType.Name == "TraitAttribute" && data.ConstructorArguments is [var first, var second]
        && name.Equals(first.Value) && value.Equals(second.Value));

    /// <summary>The rows of a theory's data, the first, the middle and the last one first; an empty one of a fact.</summary>
    static IEnumerable<object?[]> Rows(MethodInfo method)
    {
        if (method.GetParameters().Length == 0)
            return [[]];
        var member = (string)method.CustomAttributes.First(data => data.AttributeType.Name == "MemberDataAttribute")
            .ConstructorArguments[0].Value!;
        var data = (IEnumerable)method.DeclaringType!.GetProperty(member, BindingFlags.Public | BindingFlags.Static)!.GetValue(null)!;
        object?[][] rows = [.. data.Cast<object>().Select(Values)];
        int[] first = [.. ((int[])[0, rows.Length / 2, rows.Length - 1]).Where(at => at >= 0).Distinct()];
        return first.Concat(Enumerable.Range(0, rows.Length).Except(first)).Select(at => rows[at]);
    }

    /// <summary>The values of xUnit's ITheoryDataRow, which this project does not refer to.</summary>
    static object?[] Values(object row) => (object?[])Array
        .Find(row.GetType().GetInterfaces(), face => face.Name == "ITheoryDataRow")!.GetMethod("GetData")!.Invoke(row, null)!;
}

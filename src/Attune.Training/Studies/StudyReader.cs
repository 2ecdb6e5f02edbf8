using Attune.Reporting.Studies;
using Attune.Training.Recipes;

namespace Attune.Training.Studies;

/// <summary>Reads study files and binds the recipe of every run, so that all mistakes are said before anything is trained.</summary>
public static class StudyReader
{
    static readonly string[] OwnKeys = ["run.output", "output", "run.seed", "seed"];

    /// <summary>A study and what its runs train.</summary>
    /// <param name="file">A YAML file with the keys of <see cref="StudyOptions"/>.</param>
    /// <param name="output">Another folder for all runs; null for the one in the file.</param>
    /// <param name="words">key=value words over the recipe in every run, as behind a training command.</param>
    /// <exception cref="InvalidDataException">
    /// Something in the file, a recipe or the output is wrong; the message lists everything.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static StudyPlan Read(string file, string? output = null, IReadOnlyList<string>? words = null)
    {
        var errors = new List<string>();
        var options = (StudyOptions)new RecipeBinder(file, errors, "study").Bind(RecipeReader.Parse(file), new StudyOptions(), path: "");
        options = options with { Output = output ?? options.Output, Set = [.. options.Set, .. words ?? []] };
        errors.AddRange(Problems(options));
        Refuse(file, errors);
        PlannedRun[] runs = [.. options.Seeds
            .SelectMany(seed => Study.Variants(options).Select(variant => Bind(options, variant, seed, errors)))
            .OfType<PlannedRun>()];
        Refuse(file, [.. errors.Distinct(StringComparer.Ordinal)]);
        Refuse(file, [.. runs.SelectMany(run => run.Missing()).Distinct(StringComparer.Ordinal), .. Idle(runs), .. Conflicts(runs)]);
        var name = Path.GetFileNameWithoutExtension(file);
        return new(new(name, options, runs[0].Method, [.. runs.Select(planned => planned.Run)]), runs);
    }

    static void Refuse(string file, IReadOnlyList<string> errors)
    {
        if (errors.Count > 0)
            throw new InvalidDataException($"the study {file} cannot be used:\n  {string.Join("\n  ", errors)}");
    }

    static IEnumerable<string> Problems(StudyOptions options)
    {
        if (options.Recipe.Length == 0)
            yield return "recipe: a recipe file was expected, found nothing";
        if (options.Output.Length == 0)
            yield return "output: a folder was expected, found nothing";
        if (options.Seeds.Count == 0)
            yield return "seeds: at least one was expected, found none; three show how much chance does";
        if (options.Seeds.Count != options.Seeds.Distinct().Count())
            yield return $"seeds: different ones were expected, found {string.Join(", ", options.Seeds)}";
        if (options.Groups.Sum(group => group.Variants.Count) == 0)
            yield return "groups: at least one with a variant was expected, found none";
        var words = Study.Variants(options).SelectMany(variant => variant.Set).Concat(options.Set);
        foreach (var word in words.Where(word => OwnKeys.Contains(word.Split('=')[0].Trim())))
            yield return $"'{word}': a study gives every run its output and its seed; `output` and `seeds` say which";
        foreach (var group in options.Groups.Where(group => group.Folder.Length == 0))
            yield return $"groups: each needs a name with letters or digits, found '{group.Name}'";
        foreach (var variant in Study.Variants(options).Where(variant => variant.Folder.Length == 0))
            yield return $"variants: each needs a name with letters or digits, found '{variant.Name}'";
        foreach (var folder in Twice(Study.Variants(options).Select(variant => variant.Folder)))
            yield return $"variants: each needs a folder of its own, found '{folder}' twice ('base' is the base's)";
        foreach (var folder in Twice(options.Groups.Select(group => group.Folder)))
            yield return $"groups: each needs a name of its own, found '{folder}' twice";
    }

    static IEnumerable<string> Twice(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.Ordinal).Where(same => same.Count() > 1 && same.Key.Length > 0).Select(same => same.Key);

    /// <summary>The run of a variant, or null with what is wrong; what is wrong with the base is said once.</summary>
    static PlannedRun? Bind(StudyOptions options, StudyVariant variant, int seed, List<string> errors)
    {
        var output = Path.Combine(options.Output, variant.Folder, $"seed-{seed}");
        var method = options.Method.Length > 0 ? options.Method : null;
        string[] words = [.. options.Set, .. variant.Set, $"run.output={output}", $"run.seed={seed}"];
        var (found, recipe, problems) = RecipeReader.Bind(method, options.Recipe, words);
        errors.AddRange(variant == StudyVariant.Base ? problems : problems.Except(errors).Select(problem => $"{variant.Name}: {problem}"));
        if (recipe.Training.Steps == 0)
            errors.Add("training.steps: a number of at least 1 was expected, found 0: the runs of a study need as many steps each");
        return problems.Count > 0 ? null : new(new(variant, seed, new(recipe.Run.Output), recipe.Training.Steps), found, recipe);
    }

    /// <summary>Variants that change nothing.</summary>
    static IEnumerable<string> Idle(PlannedRun[] runs) =>
        from run in runs
        where run.Run.Variant != StudyVariant.Base && run.Run.Seed == runs[0].Run.Seed && run.IsAs(runs[0])
        select $"{run.Run.Variant.Name}: its recipe is that of the base";

    static IEnumerable<string> Conflicts(PlannedRun[] runs) =>
        from run in runs
        let conflict = run.Conflict()
        where conflict is not null
        select $"{run.Run.Folder.Path} holds another run: {conflict}; delete it, or give another output";
}

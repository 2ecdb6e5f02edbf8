using Attune.Reporting.Studies;
using Attune.Training.Options;
using Attune.Training.Recipes;

namespace Attune.Training.Studies;

/// <summary>Reads study files and binds the recipe of every run, so that all errors are reported before anything is trained.</summary>
public static class StudyReader
{
    /// <summary>Reads a study with the recipes of its runs.</summary>
    /// <param name="file">A YAML file with the keys of <see cref="StudyOptions"/>.</param>
    /// <param name="output">Another folder for all runs; null for the one in the file.</param>
    /// <param name="words"><c>key=value</c> arguments that override the recipe in every run, as after a training command.</param>
    /// <exception cref="InvalidDataException">
    /// The file, a recipe or the output is invalid; the message lists all errors.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static StudyPlan Read(string file, string? output = null, IReadOnlyList<string>? words = null)
    {
        var errors = new List<string>();
        var options = (StudyOptions)new RecipeBinder(file, errors, "study").Bind(RecipeReader.Parse(file), new StudyOptions(), path: "");
        options = options with { Output = output ?? options.Output, Set = [.. options.Set, .. words ?? []] };
        errors.AddRange(Validation.Check(options));
        Refuse(file, errors);
        PlannedRun[] runs = [.. options.Seeds
            .SelectMany(seed => Study.Variants(options).Select(variant => Bind(options, variant, seed, errors)))
            .OfType<PlannedRun>()];
        Refuse(file, [.. errors.Distinct(StringComparer.Ordinal)]);
        var missing = runs.SelectMany(run => RecipePaths.Missing(run.Recipe)).Distinct(StringComparer.Ordinal);
        Refuse(file, [.. missing, .. Idle(runs), .. Conflicts(runs)]);
        var name = Path.GetFileNameWithoutExtension(file);
        return new(new(name, options, runs[0].Method, [.. runs.Select(planned => planned.Run)]), runs);
    }

    static void Refuse(string file, IReadOnlyList<string> errors)
    {
        if (errors.Count > 0)
            throw new InvalidDataException($"the study {file} cannot be used:\n  {string.Join("\n  ", errors)}");
    }

    /// <summary>The run of a variant, or null after adding errors; errors of the base are listed once.</summary>
    static PlannedRun? Bind(StudyOptions options, StudyVariant variant, int seed, List<string> errors)
    {
        var output = Path.Combine(options.Output, variant.Folder, $"seed-{seed}");
        var method = options.Method.Length > 0 && variant.Recipe.Length == 0 ? options.Method : null;
        var file = variant.Recipe.Length > 0 ? variant.Recipe : options.Recipe;
        string[] words = [.. options.Set, .. variant.Set, $"run.output={output}", $"run.seed={seed}"];
        var (found, recipe, problems) = RecipeReader.Bind(method, file, words);
        errors.AddRange(variant == StudyVariant.Base ? problems : problems.Except(errors).Select(problem => $"{variant.Name}: {problem}"));
        if (recipe.Training.Steps == 0)
            errors.Add("`training.steps` must be at least 1: the progress of a study is counted in steps (was 0).");
        return problems.Count > 0 ? null : new(new(variant, seed, new(recipe.Run.Output), recipe.Training.Steps), found, recipe);
    }

    /// <summary>Variants whose recipe is that of the base.</summary>
    static IEnumerable<string> Idle(PlannedRun[] runs) =>
        from run in runs
        where run.Run.Variant != StudyVariant.Base && run.Run.Seed == runs[0].Run.Seed && run.IsAs(runs[0])
        select $"{run.Run.Variant.Name}: its recipe is the same as the base's";

    static IEnumerable<string> Conflicts(PlannedRun[] runs) =>
        from run in runs
        let conflict = run.Conflict()
        where conflict is not null
        select $"{run.Run.Folder.Path} has another run: {conflict}; delete it, or set another output";
}

using System.Data.Common;
using Attune.Data.Agreement;

namespace Attune.Store.Export;

/// <summary>How probable it is that a response is better, from the votes of annotators with different abilities.</summary>
/// <param name="model">The abilities, from preferences: 1 where the first response is better, −1 where the second is.</param>
sealed class AbilityWeights(DawidSkene model)
{
    public const int Decimals = 4;

    /// <exception cref="InvalidDataException">No item has two preferences.</exception>
    public static AbilityWeights Load(DbConnection connection, Project project, string? question)
    {
        var votes = ProjectAnnotations.Load(connection, project.Id, AnswerDetail.Nothing, question: question);
        var units = new RatedUnits(votes.Preference());
        return units.Count > 0 ? new(DawidSkene.Fit(units)) : throw new InvalidDataException(
            "votes weighted by ability need items with two decisions or more, and this project has none; "
            + "set how many annotators get an item in the project's settings");
    }

    /// <returns>1 where the first response is probably better, −1 where the second is, 0 where both are as probable; and the
    /// probability.</returns>
    public (int Winner, double Label) Decide(IEnumerable<AnnotatorRanking> rankings, int first, int second)
    {
        var posterior = model.Posterior(
            from ranking in rankings
            where ranking.Order(first, second) is not null and not 0
            select (ranking.Person, -ranking.Order(first, second)!.Value));
        var better = model.Values.Zip(posterior).Where(value => value.First > 0).Sum(value => value.Second);
        return (better.CompareTo(0.5), Math.Round(Math.Max(better, 1 - better), Decimals));
    }
}

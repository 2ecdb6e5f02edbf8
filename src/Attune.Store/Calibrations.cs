using System.Data.Common;
using Dapper;

namespace Attune.Store;

/// <summary>The calibration round: items with known ranks that annotators decide before all others.</summary>
public sealed class Calibrations
{
    readonly Database database;
    readonly TimeProvider time;

    internal Calibrations(Database database, TimeProvider time) => (this.database, this.time) = (database, time);

    /// <summary>An annotator's result; null where the project has no calibration items.</summary>
    public CalibrationRound? Of(Project project, long person) => database.Read(connection => Load(connection, project, person));

    static CalibrationRound? Load(DbConnection connection, Project project, long person)
    {
        var items = connection.ExecuteScalar<int>(
            "SELECT count(*) FROM item WHERE project_id = @Id AND kind = 'Calibration' AND kind <> 'Normal'", new { project.Id });
        if (items == 0)
            return null;
        var (right, decided) = KnownItemAccuracy.Load(connection, project.Id, person);
        return new(items, decided, right, CalibrationRound.NeededOf(items, project.Settings.CalibrationPass));
    }

    /// <summary>The results of all members of a project who can sign in, and of those who have decided items of the round.</summary>
    public IReadOnlyDictionary<long, CalibrationRound> All(Project project) => database.Read(connection => connection.Query<long>("""
        SELECT m.person_id FROM member m JOIN person p ON p.id = m.person_id WHERE m.project_id = @Id AND p.disabled = 0 UNION
        SELECT d.person_id FROM item i JOIN decision d ON d.item_id = i.id
        WHERE i.project_id = @Id AND i.kind = 'Calibration' AND i.kind <> 'Normal'
        """, new { project.Id }).AsList()
        .Select(person => (Person: person, Round: Load(connection, project, person)))
        .Where(result => result.Round is not null).ToDictionary(result => result.Person, result => result.Round!));

    /// <summary>Withdraws an annotator's decisions of the round, so that they decide its items again. The audit trail keeps them.</summary>
    /// <exception cref="InvalidDataException">The annotator has decided none of its items.</exception>
    public void Repeat(Project project, long person, long by) => database.Write(connection =>
    {
        if (Load(connection, project, person) is not { Decided: > 0 } was)
            throw new InvalidDataException("this person has not begun the calibration round");
        var parameters = new { project.Id, person };
        connection.Execute($"DELETE FROM lease WHERE person_id = @person AND {OfRound}", parameters);
        connection.Execute($"DELETE FROM decision WHERE person_id = @person AND {OfRound}", parameters);
        AuditTrail.Append(connection, time, by, project.Id, "let repeat the calibration round", $"person {person}", was);
    });

    const string OfRound = "item_id IN (SELECT id FROM item WHERE project_id = @Id AND kind = 'Calibration' AND kind <> 'Normal')";
}

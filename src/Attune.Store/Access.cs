using System.Data.Common;

namespace Attune.Store;

/// <summary>Who sends a request, and the project that the request is about.</summary>
/// <param name="Person">The person.</param>
/// <param name="Project">The project; null where the request is about none, or about one that does not exist.</param>
/// <param name="MaySee">Whether the person may see the project: owners see every project, others those of which they are members.</param>
public sealed record Access(Person Person, Project? Project, bool MaySee)
{
    internal static Access Load(DbConnection connection, Person person, long? project) => new(
        person,
        project is { } id ? Projects.Find(connection, id) : null,
        person.Role == Role.Owner || (project is { } of && Projects.IsMember(connection, of, person.Id)));
}

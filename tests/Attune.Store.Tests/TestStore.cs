using System.Data.Common;
using System.Text.Json.Nodes;

namespace Attune.Store.Tests;

/// <summary>A store in a temporary folder, with a fixed clock and an owner.</summary>
sealed class TestStore : IDisposable
{
    readonly EmptyStore empty;
    readonly StoreKind kind;

    public TestStore(StoreKind kind = StoreKind.Sqlite)
    {
        this.kind = kind;
        empty = new(kind);
        Store = PreferenceStore.Open(Path, Time);
        Owner = Store.People.Add("Olga", Role.Owner);
    }

    public PreferenceStore Store { get; }

    public FixedTime Time { get; } = new();

    public Person Owner { get; }

    /// <summary>The address of the store.</summary>
    public string Path => empty.Address;

    public Person Person(string name) => Store.People.Find(name) ?? Store.People.Add(name, Role.Annotator);

    /// <summary>Pairs with the prompts 0, 1, …, and no attention checks unless the settings say so.</summary>
    public Project Project(ProjectSettings settings, int items)
    {
        var project = Store.Projects.Add($"project {Store.Projects.All().Count}", settings, Owner.Id);
        Add(project, [.. Enumerable.Range(0, items).Select(i => Pair($"{i}"))]);
        return project;
    }

    public void Add(Project project, params IReadOnlyCollection<Item> items) => Store.Items.Add(project.Id, items, Owner.Id);

    public Project Change(Project project, ProjectSettings settings)
    {
        Store.Projects.Change(project.Id, project.Name, settings, Owner.Id);
        return Store.Projects.Find(project.Id)!;
    }

    public static Item Pair(string prompt, ItemKind kind = ItemKind.Normal, int?[]? expected = null) => new()
    {
        Kind = kind, Prompt = JsonValue.Create(prompt), Expected = expected,
        Answers = [new(JsonValue.Create("answer 0"), "one"), new(JsonValue.Create("answer 1"), "other")],
    };

    /// <summary>The prompts of the items that a person gets.</summary>
    public IReadOnlyList<string> Prompts(Project project, Person person, int count = 1) =>
        [.. Store.Queue.Next(project, person.Id, count).Items.Select(showing => (string)showing.Prompt!)];

    /// <summary>The person's next item.</summary>
    public AssignedItem Next(Project project, Person person) => Store.Queue.Next(project, person.Id, 1).Items[0];

    /// <summary>Prefers the response at a place.</summary>
    public SavedAnnotation? Prefer(Project project, Person person, AssignedItem showing, int place) =>
        Submit(project, person, showing, new() { Ranks = [.. showing.Shown.Select(shown => (int?)(shown == place ? 0 : 1))] });

    public SavedAnnotation? Submit(Project project, Person person, AssignedItem showing, AnnotationResult verdict) =>
        Store.Annotations.Submit(project, person.Id, new(showing.Token, verdict, 3));

    /// <summary>Withdraws the person's last decision; null where there is none.</summary>
    public Annotation? Undo(Project project, Person person) => Store.Annotations.Last(project.Id, person.Id) is { } last
        ? Store.Annotations.Undo(project, person.Id, last)!.Annotation : null;

    public DbConnection Connect() => empty.Connect();

    /// <summary>Queries the store over another connection.</summary>
    public T Ask<T>(string sql) => empty.Ask<T>(sql);

    /// <summary>Checks every count that triggers maintain.</summary>
    public void AssertCountsEqualARecount()
    {
        Assert.Equal(0, Ask<long>("""
            SELECT count(*) FROM item i WHERE
                decided <> (SELECT count(*) FROM decision d WHERE d.item_id = i.id AND adjudicates = 0 AND outcome <> 'Skipped')
                OR skipped <> (SELECT count(*) FROM decision d WHERE d.item_id = i.id AND adjudicates = 0 AND outcome = 'Skipped')
                OR held <> (SELECT count(*) FROM lease l WHERE l.item_id = i.id AND live = 1)
            """));
        Assert.Equal(0, Ask<long>("""
            SELECT count(*) FROM progress p JOIN (
                SELECT project_id, count(*) AS items, sum(CASE WHEN decided >= wanted THEN 1 ELSE 0 END) AS done, sum(decided) AS decisions,
                    sum(CASE WHEN wanted > decided THEN wanted ELSE decided END) AS wanted
                FROM item WHERE kind = 'Normal' GROUP BY project_id) AS counted USING (project_id)
            WHERE p.items <> counted.items OR p.done <> counted.done OR p.decisions <> counted.decisions OR p.wanted <> counted.wanted
            """));
        Assert.Equal(0, Ask<long>("""
            SELECT count(*) FROM reached r JOIN item i ON i.project_id = r.project_id AND i.kind = 'Normal'
                AND i.position < r.position AND decided + held < wanted
            WHERE NOT EXISTS (SELECT 1 FROM decision d WHERE d.item_id = i.id AND d.person_id = r.person_id AND adjudicates = 0)
                AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.item_id = i.id AND l.person_id = r.person_id)
                AND NOT EXISTS (SELECT 1 FROM review w WHERE w.item_id = i.id AND w.person_id = r.person_id AND w.sent_to <> 'SamePerson')
            """));
        if (kind == StoreKind.Sqlite)
            Assert.Equal("ok", Ask<string>("PRAGMA integrity_check"));
    }

    public void Dispose()
    {
        Store.Dispose();
        empty.Dispose();
    }
}

using System.Data.Common;
using System.Text.Json.Nodes;
using Attune.Text;
using Dapper;

namespace Attune.Store;

/// <summary>
/// Conversations of people with models. A message is saved before a model is asked. The two responses to it become an item, and the choice
/// between them a decision, so statistics and exports treat them like all others.
/// </summary>
public sealed class Dialogues
{
    const int LongestMessage = 100_000;

    const string Columns = "id, project_id AS Project, person_id AS Person, system_prompt AS SystemPrompt, created_at AS CreatedAt";

    const string TurnColumns = """
        id, dialogue_id AS Dialogue, parent_id AS Parent, reply, message, shown, failure, item_id AS Item, answered_at AS AnsweredAt
        """;

    readonly Database database;
    readonly TimeProvider time;
    readonly Annotations annotations;

    internal Dialogues(Database database, TimeProvider time, Annotations annotations) =>
        (this.database, this.time, this.annotations) = (database, time, annotations);

    public Dialogue? Find(long project, long id) => database.Read(connection => Find(connection, project, id));

    static Dialogue? Find(DbConnection connection, long project, long id) => connection.QuerySingleOrDefault<Dialogue>(
        $"SELECT {Columns} FROM dialogue WHERE id = @id AND project_id = @project", new { id, project });

    /// <summary>The newest conversations of a project, newest first.</summary>
    /// <param name="project">The project.</param>
    /// <param name="person">Only conversations of this person; everyone's when null.</param>
    /// <param name="count">The most conversations to return.</param>
    public IReadOnlyList<DialogueSummary> Newest(long project, long? person, int count) => database.Read(connection =>
        connection.Query<DialogueSummary>("""
            SELECT d.id, p.name AS Person, d.created_at AS CreatedAt,
                (SELECT t.message FROM dialogue_turn t WHERE t.dialogue_id = d.id ORDER BY t.id LIMIT 1) AS Opening,
                (SELECT count(*) FROM dialogue_turn t WHERE t.dialogue_id = d.id) AS Turns,
                (SELECT count(*) FROM dialogue_turn t JOIN decision c ON c.item_id = t.item_id
                    WHERE t.dialogue_id = d.id AND c.adjudicates = 0) AS Decided
            FROM dialogue d JOIN person p ON p.id = d.person_id
            WHERE d.project_id = @project AND (@person IS NULL OR d.person_id = @person) ORDER BY d.id DESC LIMIT @count
            """, new { project, person, count }).AsList());

    /// <summary>All turns of a conversation with their responses and decisions, in the order in which they were written.</summary>
    public IReadOnlyList<DialogueTurn> Turns(long dialogue) => database.Read(connection => Turns(connection, dialogue));

    static List<DialogueTurn> Turns(DbConnection connection, long dialogue)
    {
        const string OfDialogue = "(SELECT item_id FROM dialogue_turn WHERE dialogue_id = @dialogue)";
        var items = Items.Read(connection, $"i.id IN {OfDialogue}", new { dialogue }).ToDictionary(item => item.Id);
        var decisions = Annotations.Read(connection, $"""
            item_id IN {OfDialogue} AND adjudicates = 0 AND person_id = (SELECT person_id FROM dialogue WHERE id = @dialogue)
            """, new { dialogue }).ToDictionary(decision => decision.Item);
        return [.. connection.Query<DialogueTurn>($"SELECT {TurnColumns} FROM dialogue_turn WHERE dialogue_id = @dialogue ORDER BY id",
                new { dialogue })
            .Select(turn => turn.Item is not { } item ? turn : turn with
            {
                Responses = [.. turn.Shown.Select(place => items[item].Answers[place].Text)],
                Decision = decisions.GetValueOrDefault(item),
            })];
    }

    /// <summary>The turns from the first one to a turn.</summary>
    public static IReadOnlyList<DialogueTurn> PathTo(IReadOnlyList<DialogueTurn> turns, long turn)
    {
        var byId = turns.ToDictionary(each => each.Id);
        var path = new List<DialogueTurn>();
        for (long? at = turn; at is { } id; at = byId[id].Parent)
            path.Insert(0, byId[id]);
        return path;
    }

    /// <summary>Starts a conversation. A second call with the same token returns the same turn.</summary>
    /// <returns>The first turn, whose message is saved.</returns>
    /// <exception cref="InvalidDataException">The message is empty or too long, or the project is archived.</exception>
    public DialogueTurn Start(Project project, long person, string message, string token) => database.Write(connection =>
    {
        if (FindTurn(connection, token) is { } known)
            return known;
        var dialogue = connection.ExecuteScalar<long>("""
            INSERT INTO dialogue (project_id, person_id, system_prompt, created_at) VALUES (@Id, @person, @system, @now) RETURNING id
            """, new { project.Id, person, system = project.Settings.Dialogue?.SystemPrompt.Trim() ?? "", now = time.GetUtcNow() });
        return Insert(connection, project, new() { Dialogue = dialogue, Message = message, Shown = [] }, token);
    });

    /// <summary>
    /// Continues a conversation after a turn; where the turn has been continued before, this is a new branch. A second call with the same
    /// token returns the same turn.
    /// </summary>
    /// <param name="project">The project.</param>
    /// <param name="person">Who writes; only the person of a conversation may.</param>
    /// <param name="dialogue">The conversation.</param>
    /// <param name="parent">The turn to continue.</param>
    /// <param name="from">The response to go on from, by its place in the order shown; null for the chosen one.</param>
    /// <param name="message">What the person writes.</param>
    /// <param name="token">Identifies this message.</param>
    /// <exception cref="InvalidDataException">The conversation cannot go on there; the message says why.</exception>
    public DialogueTurn Continue(Project project, long person, long dialogue, long parent, int? from, string message, string token) =>
        database.Write(connection =>
    {
        if (FindTurn(connection, token) is { } known)
            return known;
        MustBeOwn(connection, project, person, dialogue);
        var settings = project.Settings.Dialogue ?? new();
        var path = PathTo(Turns(connection, dialogue), parent);
        if (path[^1] is not { State: DialogueTurnState.Decided } turn)
            throw new InvalidDataException("choose one of the answers first; then the conversation goes on from it");
        if (path.Count >= settings.MostTurns)
            throw new InvalidDataException($"a conversation of this project has at most {Quantity.Of(settings.MostTurns, "turn")}");
        var reply = from is { } place and (0 or 1) ? turn.Response(place) : turn.GoesOnFrom(settings.Goal);
        return Insert(connection, project, new()
        {
            Dialogue = dialogue, Parent = parent, Message = message, Shown = [],
            Reply = reply ?? throw new InvalidDataException(
                "you called both answers bad, so the conversation cannot go on from them: write your own answer, or change your choice"),
        }, token);
    });

    static void MustBeOwn(DbConnection connection, Project project, long person, long dialogue)
    {
        if (Find(connection, project.Id, dialogue) is not { } found || found.Person != person)
            throw new InvalidDataException("this conversation belongs to another person; start your own");
    }

    static DialogueTurn? FindTurn(DbConnection connection, string token) =>
        connection.QuerySingleOrDefault<DialogueTurn>($"SELECT {TurnColumns} FROM dialogue_turn WHERE token = @token", new { token });

    DialogueTurn Insert(DbConnection connection, Project project, DialogueTurn turn, string token)
    {
        var message = turn.Message.Trim();
        if (project.Archived)
            throw new InvalidDataException("this project is archived, so its conversations cannot go on");
        if (message.Length is 0 or > LongestMessage)
            throw new InvalidDataException($"a message must have 1 to {LongestMessage:N0} characters (was {message.Length:N0})");
        int[] shown = Random.Shared.Next(2) == 0 ? [0, 1] : [1, 0];
        return connection.QuerySingle<DialogueTurn>($"""
            INSERT INTO dialogue_turn (dialogue_id, parent_id, reply, message, token, shown, created_at)
            VALUES (@Dialogue, @Parent, @Reply, @message, @token, @shown, @now) RETURNING {TurnColumns}
            """, new { turn.Dialogue, turn.Parent, turn.Reply, message, token, shown = (IReadOnlyList<int>)shown, now = time.GetUtcNow() });
    }

    /// <summary>The prompt of a turn: all messages of the conversation until then.</summary>
    /// <param name="dialogue">The conversation.</param>
    /// <param name="path">The turns from the first one to this one.</param>
    public static JsonArray Prompt(Dialogue dialogue, IReadOnlyList<DialogueTurn> path)
    {
        var messages = new JsonArray();
        Add("system", dialogue.SystemPrompt.Length == 0 ? null : dialogue.SystemPrompt);
        foreach (var turn in path)
        {
            Add("assistant", turn.Reply);
            Add("user", turn.Message);
        }
        return messages;

        void Add(string role, string? content)
        {
            if (content is not null)
                messages.Add((JsonNode)new JsonObject { ["role"] = role, ["content"] = content });
        }
    }

    /// <summary>Saves the responses to a turn. A turn that has responses keeps them.</summary>
    /// <param name="dialogue">The conversation.</param>
    /// <param name="turn">The turn.</param>
    /// <param name="responses">Two responses.</param>
    public void Answer(Dialogue dialogue, long turn, IReadOnlyList<ItemResponse> responses) => database.Write(connection =>
    {
        var path = PathTo(Turns(connection, dialogue.Id), turn);
        if (path[^1].Item is not null)
            return;
        var item = Items.Insert(connection, dialogue.Project, [new Item { Prompt = Prompt(dialogue, path), Answers = responses }]);
        connection.Execute("UPDATE dialogue_turn SET item_id = @item, failure = NULL, answered_at = @now WHERE id = @turn",
            new { item, turn, now = time.GetUtcNow() });
    });

    /// <summary>Saves why the models did not respond to a turn.</summary>
    public void Fail(long turn, string failure) => SetFailure(turn, failure);

    /// <summary>Lets the models be asked again.</summary>
    public void Retry(long turn) => SetFailure(turn, null);

    void SetFailure(long turn, string? failure) => database.Write(connection => connection.Execute(
        "UPDATE dialogue_turn SET failure = @failure WHERE id = @turn AND item_id IS NULL", new { turn, failure }));

    /// <summary>Saves a person's choice between the responses to a turn, or changes it. Turns that follow stay as they are.</summary>
    /// <param name="project">The project.</param>
    /// <param name="person">Who chooses; only the person of the conversation may.</param>
    /// <param name="dialogue">The conversation.</param>
    /// <param name="turn">The turn.</param>
    /// <param name="choice">The choice, in the order shown; the better response has the rank 0.</param>
    /// <param name="seconds">The time spent, without idle time; null for the time since the responses came.</param>
    /// <exception cref="InvalidDataException">
    /// The choice does not match the project's settings, there are no responses yet, or a reviewer discarded an earlier choice.
    /// </exception>
    public void Choose(Project project, long person, long dialogue, long turn, AnnotationResult choice, double? seconds)
    {
        var kept = database.Write(connection => Choose(connection, project, person, dialogue, turn, choice, seconds));
        if (kept is not null && annotations.Edit(project, person, kept.Id, kept.Revision, choice) is not { Differs: false })
            throw new InvalidDataException("this choice was changed in another window in the meantime; reload the page");
    }

    /// <returns>The decision that is there already and differs.</returns>
    Annotation? Choose(
        DbConnection connection, Project project, long person, long dialogue, long turn, AnnotationResult choice, double? seconds)
    {
        MustBeOwn(connection, project, person, dialogue);
        if (project.Archived)
            throw new InvalidDataException("this project is archived, so its decisions cannot change");
        if (Turns(connection, dialogue).Find(each => each.Id == turn) is not { Item: { } item, AnsweredAt: { } since } found)
            throw new InvalidDataException("the models have not answered this message yet");
        if (found.Decision is { } decision)
            return AnnotationRules.HasSameContent(decision, choice) ? null : decision;
        if (connection.ExecuteScalar<bool>(
            "SELECT EXISTS (SELECT 1 FROM review WHERE item_id = @item AND state = 'Rejected')", new { item }))
            throw new InvalidDataException("a reviewer discarded your choice on this turn; see “Feedback”");
        var result = AnnotationRules.Checked(choice, project.Settings, found.Shown.Count).ByPlace(found.Shown);
        var passed = Math.Max(0, (time.GetUtcNow() - since).TotalSeconds);     // the clock may have been set back
        Annotations.Insert(connection, project.Id, new()
        {
            Item = item, Person = person, Result = result, Shown = found.Shown, At = time.GetUtcNow(),
            Seconds = seconds is >= 0 ? Math.Min(seconds.Value, passed) : passed,
        }, $"dialogue {turn}");
        AuditTrail.Append(connection, time, person, project.Id, "decided", $"item {item}", result);
        return null;
    }

    /// <summary>Items of turns that another decided turn continues: the longer conversation contains them.</summary>
    internal static HashSet<long> Continued(DbConnection connection, long project) => [.. connection.Query<long>("""
        SELECT DISTINCT p.item_id FROM dialogue_turn p JOIN dialogue_turn t ON t.parent_id = p.id JOIN decision c ON c.item_id = t.item_id
        WHERE c.project_id = @project AND p.item_id IS NOT NULL AND (c.outcome = 'Ranked' OR c.ideal IS NOT NULL)
        """, new { project })];
}

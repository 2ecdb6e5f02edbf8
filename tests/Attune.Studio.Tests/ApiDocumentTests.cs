using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Attune.Store;
using Json.Schema;
using Microsoft.OpenApi;

namespace Attune.Studio.Tests;

/// <summary>The OpenAPI document is valid, and every operation answers as it says.</summary>
public sealed class ApiDocumentTests(SharedStudio shared) : IClassFixture<SharedStudio>, IAsyncLifetime
{
    readonly RunningStudio studio = shared.Studio;
    HttpClient client = null!;
    string text = "";

    public async ValueTask InitializeAsync()
    {
        var token = studio.Store.Tokens.Add(studio.Store.People.Local().Id, "test", Enum.GetValues<AccessScope>(), 1);
        client = new() { BaseAddress = studio.Address, DefaultRequestHeaders = { Authorization = new("Bearer", token) } };
        text = await client.GetStringAsync("/api/openapi.json");
    }

    [Fact]
    public void Document_ReadByAParser_IsValidAndDescribed()
    {
        var (document, diagnostic) = OpenApiDocument.Parse(text, "json");
        Assert.Empty(diagnostic!.Errors);
        Assert.Empty(diagnostic.Warnings);
        Assert.NotEmpty(document!.Paths);
        foreach (var (path, method, operation) in Operations(document))
        {
            Assert.False(string.IsNullOrEmpty(operation.Summary) || string.IsNullOrEmpty(operation.OperationId), $"{method} {path}");
            Assert.All(operation.Parameters ?? [], parameter => Assert.False(string.IsNullOrEmpty(parameter.Description),
                $"{method} {path} does not describe {parameter.Name}"));
            var scope = Assert.Single(Assert.Single(Assert.Single(operation.Security!)).Value);
            Assert.True(Enum.TryParse<AccessScope>(scope, ignoreCase: true, out _), scope);
        }
    }

    [Fact]
    public async Task EveryOperation_Called_AnswersAsDocumented()
    {
        var document = OpenApiDocument.Parse(text, "json").Document!;
        var operations = Operations(document).ToDictionary(each => each.Operation.OperationId!);
        var project = $"/api/projects/{studio.Project("hotel", new() { CheckEvery = 0 }, 2).Id}";
        var called = new HashSet<string>();

        await Call("createProject", "/api/projects", new { name = "new", settings = new { task = "Ranking" } });
        await Call("listProjects", "/api/projects");
        await Call("getProject", project);
        await Call("importItems", $"{project}/items?decisions=keep", new object[] { new { prompt = "p", chosen = "a", rejected = "b" } });
        var next = await Call("getNextItems", $"{project}/next", new { count = 2 });
        object decision = new { token = (string)next["items"]![0]!["token"]!, verdict = new { ranks = new[] { 0, 1 } }, seconds = 1.5 };
        var saved = await Call("saveDecision", $"{project}/decisions", decision);
        await Call("saveDecision", $"{project}/decisions", new { token = "none", verdict = new { ranks = new[] { 0, 1 } }, seconds = 1 });
        await Call("saveDecision", $"{project}/decisions", new { token = "none" });
        await Call("getLastDecision", $"{project}/last");
        await Call("listRecentDecisions", $"{project}/recent");
        var id = (long)saved["decision"]!;
        await Call("getDecision", $"{project}/decisions/{id}");
        await Call("getDecision", $"{project}/decisions/99999");
        await Call("changeDecision", $"{project}/decisions/{id}", new { revision = 1, verdict = new { ranks = new[] { 1, 0 } } });
        await Call("changeDecision", $"{project}/decisions/{id}", new { revision = 1, verdict = new { outcome = "AllBad" } });
        await Call("getProgress", $"{project}/progress");
        await Call("getAgreement", $"{project}/agreement");
        await Call("downloadExport", $"{project}/export?layout=Rankings&heldOut=0");
        await Call("downloadExport", $"{project}/export?layout=nothing");
        await Call("withdrawDecision", $"{project}/undo", new { decision = id });
        await Call("withdrawDecision", $"{project}/undo", new { decision = id });
        studio.Store.People.SetPassword(studio.Store.People.Local().Id, "hash");     // who invites must be able to sign in
        var invitation = await Call("createInvitation", $"{project}/invitations", new { role = "Annotator", uses = 3 });
        await Call("listInvitations", $"{project}/invitations");
        await Call("revokeInvitation", $"{project}/invitations/{(long)invitation["id"]!}");
        await Call("revokeInvitation", $"{project}/invitations/99999");
        Assert.Equal(operations.Keys.Order(), called.Order());

        async Task<JsonNode> Call(string operation, string path, object? body = null)
        {
            called.Add(operation);
            var (template, method, described) = operations[operation];
            Assert.Equal(template.Split('/'), template.Split('/').Zip(path.Split('?')[0].Split('/'),
                (documented, sent) => long.TryParse(sent, out _) ? documented : sent));
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await client.SendAsync(request);
            var status = $"{(int)response.StatusCode}";
            Assert.True(described.Responses!.TryGetValue(status, out var documented), $"{operation} answered {status}");
            var type = response.Content.Headers.ContentType?.MediaType;
            Assert.True(type is null ? documented.Content is not { Count: > 0 } : documented.Content!.ContainsKey(type),
                $"{operation} answered {status} with {type}");
            if (type != "application/json")
                return new JsonObject();
            var content = await response.Content.ReadAsStringAsync();
            var result = Schema(template, method, status).Evaluate(JsonDocument.Parse(content).RootElement,
                new EvaluationOptions { OutputFormat = OutputFormat.List });
            Assert.True(result.IsValid, $"{operation} answered {status} with {content}\n"
                + string.Join('\n', (result.Details ?? []).SelectMany(detail => detail.Errors ?? new Dictionary<string, string>())));
            return JsonNode.Parse(content)!;
        }
    }

    [Fact]
    public async Task ApiPage_ShowsEveryOperation()
    {
        var page = await (await shared.Visitor("Olga", Role.Owner)).Page("/api");
        foreach (var (path, method, _) in Operations(OpenApiDocument.Parse(text, "json").Document!))
            Assert.Contains($"<code>{method.Method} {path}</code>", page);
    }

    /// <summary>The documented schema of a response, without properties that it does not name.</summary>
    JsonSchema Schema(string path, HttpMethod method, string status)
    {
        var root = JsonNode.Parse(text.Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal))!;
        var responses = root["paths"]![path]![method.Method.ToLowerInvariant()]!["responses"]!;
        var schema = responses[status]!["content"]!["application/json"]!["schema"]!;
        var types = root["components"]!["schemas"]!.DeepClone().AsObject();
        foreach (var (_, type) in types)
            if (type!["properties"] is not null)
                type["additionalProperties"] = false;
        var whole = schema.DeepClone();
        whole["$defs"] = types;
        return JsonSchema.FromText(whole.ToJsonString());
    }

    static IEnumerable<(string Path, HttpMethod Method, OpenApiOperation Operation)> Operations(OpenApiDocument document) =>
        from path in document.Paths
        from operation in path.Value.Operations ?? []
        select (path.Key, operation.Key, operation.Value);

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }
}

using System.Net;

namespace Attune.Testing;

/// <summary>A browser without scripts: keeps cookies, and sends the antiforgery token of forms.</summary>
public sealed class Visitor(Uri address) : IDisposable
{
    const int Large = 1 << 20;

    readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
    string? token;

    /// <summary>The server that it sends requests to. Cookies are the same for all servers of a machine.</summary>
    public Uri Address { get; set; } = address;

    public Task<HttpResponseMessage> Get(string path) => client.GetAsync(new Uri(Address, path));

    public Task<string> Page(string path) => client.GetStringAsync(new Uri(Address, path));

    public async Task<HttpResponseMessage> Post(string path, params (string Name, string Value)[] fields)
    {
        token ??= await NewToken();
        var response = await client.PostAsync(new Uri(Address, path), new FormUrlEncodedContent(
            [.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value)), KeyValuePair.Create(
                "__RequestVerificationToken", token)]));
        token = null;     // the signed-in user may have changed
        return response;
    }

    /// <summary>A request as the studio's scripts send it.</summary>
    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, HttpContent? content = null)
    {
        token ??= await NewToken();
        using var request = new HttpRequestMessage(method, new Uri(Address, path));
        request.Content = content;
        request.Headers.Add("RequestVerificationToken", token);
        // a server that rejects it because of its size closes the connection while it is being sent
        request.Headers.ExpectContinue = content?.Headers.ContentLength > Large;
        return await client.SendAsync(request);
    }

    async Task<string> NewToken() => FormToken(await Page("/sign-in"));

    public static string FormToken(string page) => WebUtility.HtmlDecode(page.Split("name=\"form-token\" content=\"")[1].Split('"')[0]);

    public void Dispose() => client.Dispose();
}

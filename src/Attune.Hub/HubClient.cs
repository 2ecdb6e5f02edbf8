using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Attune.Hub;

/// <summary>The routes of the Hub that downloads need: a revision's files, a file's checksum, and its bytes.</summary>
sealed class HubClient(HubSettings settings) : IDisposable
{
    const int MostRedirects = 10;
    const int LongestJson = 1 << 26;                               // bytes

    readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = settings.IdleTimeout })
    {
        BaseAddress = settings.Endpoint,
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestHeaders = { { "User-Agent", "attune" } },
    };

    /// <summary>The commit and the files of a revision.</summary>
    /// <exception cref="InvalidDataException">The repository or the revision does not exist, or may not be read.</exception>
    public async Task<HubSnapshot> Describe(HubRepository repository, CancellationToken cancellation)
    {
        using var response = await Send(HttpMethod.Get, repository, repository.DetailsPath, cancellation).ConfigureAwait(false);
        await response.Content.LoadIntoBufferAsync(LongestJson, cancellation).ConfigureAwait(false);
        using var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        try
        {
            using var json = await JsonDocument.ParseAsync(stream, cancellationToken: cancellation).ConfigureAwait(false);
            return Read(json.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidDataException($"{settings.Endpoint} does not answer as the Hugging Face Hub does: {error.Message}", error);
        }
    }

    /// <summary>The size and the checksum of a file.</summary>
    public async Task<HubFile> Describe(HubRepository repository, string commit, string name, CancellationToken cancellation)
    {
        using var response = await Send(HttpMethod.Head, repository, repository.FilePath(commit, name), cancellation)
            .ConfigureAwait(false);
        var hash = (Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag ?? "").Trim('"');
        var size = long.TryParse(Header(response, "X-Linked-Size"), out var linked)
            ? linked
            : response.Content.Headers.ContentLength ?? -1;
        return IsHash(hash) && size >= 0
            ? new(name, size, hash)
            : throw new InvalidDataException($"{settings.Endpoint} gives no size and checksum of {name}, so it cannot be verified");
    }

    /// <summary>The bytes of a file from a position on, or all bytes if the server does not support ranges.</summary>
    public Task<HttpResponseMessage> Get(
        HubRepository repository, string commit, HubFile file, long from, CancellationToken cancellation) =>
        Send(HttpMethod.Get, repository, repository.FilePath(commit, file.Name), cancellation, from: from);

    public void Dispose() => http.Dispose();

    static HubSnapshot Read(JsonElement json)
    {
        var commit = json.GetProperty("sha").GetString() ?? "";
        if (!HubCache.IsCommit(commit))
            throw new FormatException("'sha' is not a commit");
        var (names, files) = (new List<string>(), new Dictionary<string, HubFile>(StringComparer.Ordinal));
        foreach (var entry in json.GetProperty("siblings").EnumerateArray())
        {
            var name = entry.GetProperty("rfilename").GetString() ?? "";
            names.Add(IsSafe(name) ? name : throw new FormatException($"'{JsonEncodedText.Encode(name)}' is not the name of a file"));
            var hash = entry.TryGetProperty("lfs", out var large) && large.ValueKind == JsonValueKind.Object
                ? large.GetProperty("sha256").GetString()
                : entry.TryGetProperty("blobId", out var blob) ? blob.GetString() : null;
            var size = entry.TryGetProperty("size", out var bytes) && bytes.TryGetInt64(out var count) ? count : -1;
            if (hash is not null && IsHash(hash) && size >= 0)
                files[name] = new(name, size, hash);
        }
        return new(commit, names, files);
    }

    /// <summary>Whether a name from the server is a path inside the snapshot's folder.</summary>
    static bool IsSafe(string name) =>
        !name.Any(letter => letter is '\\' or ':' || char.IsControl(letter))
        && name.Split('/').All(part => part is not ("" or "." or ".."));

    static bool IsHash(string text) => text.Length is 40 or 64 && text.All(char.IsAsciiHexDigitLower);

    static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    /// <summary>
    /// Sends a request, follows redirects, and returns when the headers of the response have arrived. Only the Hub itself gets the token.
    /// A HEAD request is not redirected to other servers: the redirect itself has the size and the checksum.
    /// </summary>
    /// <param name="method">The method.</param>
    /// <param name="repository">For messages.</param>
    /// <param name="path">The path below the endpoint.</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <param name="from">The first byte to get.</param>
    async Task<HttpResponseMessage> Send(
        HttpMethod method, HubRepository repository, string path, CancellationToken cancellation, long from = 0)
    {
        var address = new Uri(settings.Endpoint, path);
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            var response = await SendOnce(method, address, from, cancellation).ConfigureAwait(false);
            var next = response.StatusCode is >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest
                && response.Headers.Location is { } location ? new Uri(address, location) : null;
            if (next is null)
                return response.IsSuccessStatusCode ? response : throw Refusal(response, repository);
            if (method == HttpMethod.Head && !IsHub(next))
                return response;
            response.Dispose();
            if (next.Scheme != "https" && (address.Scheme == "https" || next.Scheme != "http"))
                throw new InvalidDataException($"{address} leads to {next}, which is not a secure address");
            address = next;
        }
        throw new InvalidDataException($"{new Uri(settings.Endpoint, path)} leads to more than {MostRedirects} other addresses");
    }

    async Task<HttpResponseMessage> SendOnce(HttpMethod method, Uri address, long from, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        if (from > 0)
            request.Headers.Range = new(from, null);
        if (settings.Token is not null && IsHub(address))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", settings.Token);
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        idle.CancelAfter(settings.IdleTimeout);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, idle.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{address.Host} did not answer within {settings.IdleTimeout.TotalSeconds:F0} s", error);
        }
    }

    bool IsHub(Uri address) => address.Scheme == settings.Endpoint.Scheme && address.Authority == settings.Endpoint.Authority;

    /// <summary>The error of a response; a temporary one (429, 5xx) is an <see cref="HttpRequestException"/>.</summary>
    Exception Refusal(HttpResponseMessage response, HubRepository repository)
    {
        using (response)
        {
            var (code, reason) = (response.StatusCode, Header(response, "X-Error-Code"));
            var page = new Uri(settings.Endpoint, repository.Page);
            var token = $"make a token that can read at {new Uri(settings.Endpoint, "settings/tokens")}, and set HF_TOKEN to it";
            var kind = repository.Kind.Noun();
            return (code, reason) switch
            {
                (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, "GatedRepo") => new InvalidDataException(
                    $"{repository.Id} is gated: accept its terms at {page} with your account; then "
                    + (settings.Token is null ? token : "run the command again (a token is set; it must be of that account)")),
                (_, "RevisionNotFound") => new InvalidDataException($"{repository.Id} has no revision '{repository.Revision}'; see {page}"),
                (_, "EntryNotFound") => new InvalidDataException($"{repository} lacks {response.RequestMessage?.RequestUri}"),
                (HttpStatusCode.NotFound, _) or (HttpStatusCode.Unauthorized, "RepoNotFound") or (HttpStatusCode.Unauthorized, null)
                    when settings.Token is null || code == HttpStatusCode.NotFound => new InvalidDataException(
                        $"{settings.Endpoint.Host} has no {kind} '{repository.Id}' that can be read"
                        + $"{(settings.Token is null ? " without a token" : " with this token")}: check the name (capitals count)"
                        + (settings.Token is null ? $"; for a private {kind}, {token}" : "")),
                (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) => new InvalidDataException(
                    $"{settings.Endpoint.Host} refused {repository.Id} ({(int)code}): "
                    + (settings.Token is null
                        ? token
                        : $"the token in HF_TOKEN or the token file is not valid or may not read it; {token}")),
                (HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError, _) => new HttpRequestException(
                    $"{settings.Endpoint.Host} answered {(int)code} {response.ReasonPhrase}", null, code),
                _ => new InvalidDataException($"{response.RequestMessage?.RequestUri} answered {(int)code} {response.ReasonPhrase}"),
            };
        }
    }
}

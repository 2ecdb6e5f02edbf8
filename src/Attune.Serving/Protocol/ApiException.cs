namespace Attune.Serving.Protocol;

/// <summary>A request that is refused, with what OpenAI's API says about it.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">What is wrong, and what is allowed.</param>
/// <param name="parameter">The field of the request that is wrong; null for none.</param>
/// <param name="code">A code for programs; null for none.</param>
sealed class ApiException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    public int Status => status;

    public ErrorBody Body => new(new(Message, TypeOf(status), parameter, code));

    public static ApiException Invalid(string message, string? parameter = null, string? code = null) =>
        new(400, message, parameter, code);

    static string TypeOf(int status) => status switch
    {
        401 => "authentication_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}

/// <summary>The body of every response that is an error.</summary>
sealed record ErrorBody(ErrorDetail Error);

sealed record ErrorDetail(string Message, string Type, string? Param, string? Code);

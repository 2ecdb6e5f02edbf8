using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>
/// Requires the antiforgery token for every request that changes something, in the form or in the header <c>RequestVerificationToken</c>.
/// </summary>
sealed class FormToken(RequestDelegate next, IAntiforgery antiforgery)
{
    public async Task Invoke(HttpContext context)
    {
        if (await antiforgery.IsRequestValidAsync(context))
            await next(context);
        else
            throw new InvalidDataException("this page has expired, or you signed out; reload it and try again");
    }
}

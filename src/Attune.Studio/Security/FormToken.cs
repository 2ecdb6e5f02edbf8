using Attune.Store;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>
/// Requires the antiforgery token for every request that changes something, in the form or in the header <c>RequestVerificationToken</c>,
/// except with a personal access token: a browser does not send one for a foreign page.
/// </summary>
sealed class FormToken(RequestDelegate next, IAntiforgery antiforgery)
{
    public async Task Invoke(HttpContext context)
    {
        if (context.Features.Get<AccessToken>() is not null || await antiforgery.IsRequestValidAsync(context))
            await next(context);
        else
            throw new InvalidDataException("this page has expired, or you signed out; reload it and try again");
    }
}

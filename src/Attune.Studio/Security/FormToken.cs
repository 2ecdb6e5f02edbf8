using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace Attune.Studio.Security;

/// <summary>Whatever changes something must carry the token of a page of ours, in the form or in the header <c>RequestVerificationToken</c>.</summary>
sealed class FormToken(RequestDelegate next, IAntiforgery antiforgery)
{
    public async Task Invoke(HttpContext context)
    {
        if (await antiforgery.IsRequestValidAsync(context))
            await next(context);
        else
            throw new InvalidDataException("the page is too old or was signed out; load it again and repeat what you did");
    }
}

using Microsoft.AspNetCore.Authorization;
using Streaming.Core.Creators;

namespace Streaming.Api.Auth;

/// <summary>The caller is an administrator now, as our own table has it: whatever a token says of roles is not looked at.</summary>
public sealed class AdministratorsOnly : IAuthorizationRequirement
{
    public const string Policy = nameof(AdministratorsOnly);

    public sealed class Check(Administrators administrators, IHttpContextAccessor http) : AuthorizationHandler<AdministratorsOnly>
    {
        protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, AdministratorsOnly requirement)
        {
            if (CurrentUser.Of(context.User) is not { Id: var id }) return;
            if (await administrators.Include(id, http.HttpContext?.RequestAborted ?? CancellationToken.None)) context.Succeed(requirement);
        }
    }
}

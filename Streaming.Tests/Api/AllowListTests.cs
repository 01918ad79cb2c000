using System.Net;
using Streaming.Core.Viewers;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

public sealed class AllowListTests
{
    [Fact]
    public async Task Five_hundred_people_are_let_in_and_nobody_more_however_many_are_asked_for_at_once()
    {
        var system = await TestSystem.Shared;
        var creator = await system.NewChannel();
        var channel = Guid.Parse(await creator.Room());
        var newcomers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => system.NewViewer()));
        await using (var fill = system.Database.Source.CreateCommand(
            """
            with people as (insert into users (id, created_at) select 'crowd-' || @channel || '-' || n, now() from generate_series(1, @most) n returning id)
            insert into allowed_viewers (channel_id, user_id, allowed_at) select @channel, id, now() from people
            """))
        {
            fill.Parameters.AddWithValue("channel", channel);
            fill.Parameters.AddWithValue("most", AllowedViewer.Most - 1);
            await fill.ExecuteNonQueryAsync();
        }

        var answers = await Task.WhenAll(newcomers.Select(async n => (Who: n, Answer: await creator.Api.PutJson($"/api/stream/allow-list/{n.UserId}", ""))));
        var last = Assert.Single(answers, a => a.Answer.StatusCode == HttpStatusCode.OK).Who;
        foreach (var refused in answers.Where(a => a.Who != last)) await refused.Answer.IsError(409, "allow_list_full");

        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/allow-list/{last.UserId}", ""), HttpStatusCode.OK); // who is on it is on it
        await TestCreator.Read(await creator.Api.DeleteAsync(new Uri($"/api/stream/allow-list/{last.UserId}", UriKind.Relative)), HttpStatusCode.OK);
        await TestCreator.Read(await creator.Api.PutJson($"/api/stream/allow-list/{newcomers.First(n => n != last).UserId}", ""), HttpStatusCode.OK);
    }
}

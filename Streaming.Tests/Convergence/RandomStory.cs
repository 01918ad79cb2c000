using System.Globalization;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;

namespace Streaming.Tests.Convergence;

/// <summary>
/// What could happen on a channel within an hour, by chance, and what LiveKit tells of it: encoders that come, are refused, take over and
/// end, the creator's browser, watchers, rooms that close and open again, LiveKit killed, the key deleted. Some events are never told, and
/// the clocks of its nodes differ.
/// </summary>
internal sealed class RandomStory
{
    private static readonly DateTimeOffset Noon = new(2025, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly Random _random;
    private readonly double[] _clocks; // what each node's clock is ahead, in seconds
    private readonly List<Step> _steps = [];
    private readonly Dictionary<string, int> _ids = [];
    private readonly List<Connection> _inRoom = [];
    private string? _room;
    private string _key = "IN_1";
    private int _roomNode;
    private double _now;

    private RandomStory(int seed)
    {
        _random = new Random(seed);
        _clocks = _random.Next(4) == 0 ? [0, _random.Next(-300, 301)] : [0, _random.NextDouble() - 0.5];
        ReconnectWindow = new[] { 0, 30, 60, 600 }[_random.Next(4)];
        for (var left = _random.Next(2, 15); left > 0; left--)
        {
            _now += _random.Next(3) == 0 ? _random.Next(200) : _random.Next(0, 30) / 4.0;
            Happen();
        }
    }

    public static DateTimeOffset Zero => Noon;

    /// <summary>As it happened; not to be told too often, but at least once.</summary>
    public IReadOnlyList<Step> Steps => _steps;

    public int ReconnectWindow { get; }

    public static RandomStory Of(int seed) => new(seed);

    private void Happen()
    {
        switch (_random.Next(12))
        {
            case 0 or 1 or 2: EncoderConnects(); break;
            case 3: EncoderIsRefused(); break;
            case 4 or 5: SomebodyGoes(Pick(c => c.Identity == "encoder")); break;
            case 6: Join("host:creator:1", null); Publish(); break;
            case 7: SomebodyGoes(Pick(c => c.Identity != "encoder")); break;
            case 8 or 9: Join($"viewer:{_random.Next(4)}:{_random.Next(2)}", null); break;
            case 10 when _random.Next(2) == 0: LiveKitDies(); break;
            case 10: RoomCloses(); break;
            default:
                if (_key == "IN_1" && _random.Next(3) == 0) WeDeleteTheKey();
                else if (_random.Next(3) == 0) WeTakeItOffTheAir();
                else Tell(InRoom(EventKinds.ParticipantConnectionAborted) with { Participant = Participant(new Connection(NewId("PA"), "viewer:9:9", null, _now)) });
                break;
        }
    }

    private void EncoderConnects()
    {
        var node = _random.Next(2);
        var resource = NewId("RT");
        Join("encoder", resource);
        var started = Ingress(EventKinds.IngressStarted, node, resource, startedAt: _now - 0.4, endedAt: null, failure: null);
        Tell(started);
        if (_random.Next(3) == 0) Tell(started with { Id = NewId("EV") });
    }

    private void EncoderIsRefused() =>
        Tell(Ingress(EventKinds.IngressEnded, _random.Next(2), NewId("WH"), startedAt: _now, endedAt: _now, failure: "wrong_protocol"));

    /// <summary>By the same identity whoever was there is displaced.</summary>
    private void Join(string identity, string? resource)
    {
        if (_room is null)
        {
            (_room, _roomNode) = (NewId("RM"), _random.Next(2));
            Tell(InRoom(EventKinds.RoomStarted));
        }

        if (_inRoom.Find(c => c.Identity == identity) is { } former) Go(former, isDisplaced: true);
        var connection = new Connection(NewId("PA"), identity, resource, _now);
        _inRoom.Add(connection);
        Tell(InRoom(EventKinds.ParticipantJoined) with { Participant = Participant(connection) with { ResourceId = null } });
    }

    private void Publish()
    {
        var host = _inRoom[^1];
        for (var tracks = _random.Next(3); tracks > 0; tracks--, _now += 0.7)
            Tell(InRoom(EventKinds.TrackPublished) with { Participant = Participant(host) with { JoinedAt = null } });
    }

    private void SomebodyGoes(Connection? who)
    {
        if (who is null) return;
        if (who.Resource is not null)
        {
            Tell(Ingress(EventKinds.IngressEnded, _random.Next(2), who.Resource, who.JoinedAt - 0.4, _now, _random.Next(4) == 0 ? "ingress_error" : null));
            if (_random.Next(4) == 0) Tell(Ingress(EventKinds.IngressEnded, _random.Next(2), who.Resource, who.JoinedAt - 0.4, _now + 0.2, null));
        }

        Go(who, isDisplaced: false);
    }

    private void Go(Connection who, bool isDisplaced)
    {
        _inRoom.Remove(who);
        Tell(InRoom(EventKinds.ParticipantLeft) with { Participant = Participant(who) with { IsDisplaced = isDisplaced } });
    }

    private void RoomCloses()
    {
        if (_room is null) return;
        foreach (var one in _inRoom.ToList()) SomebodyGoes(one);
        _now += 20;
        Tell(InRoom(EventKinds.RoomFinished));
        _room = null;
    }

    /// <summary>By our clock, which is nobody else's. From then on the creator has another key.</summary>
    private void WeDeleteTheKey()
    {
        _steps.Add(new Step(null, At(0, _now)));
        if (_inRoom.Find(c => c.Identity == "encoder") is { } encoder) Go(encoder, isDisplaced: false);
        _key = "IN_2";
    }

    /// <summary>By our clock. Some encoder may not care and come back at once, and somebody in the room may not have been removed yet.</summary>
    private void WeTakeItOffTheAir()
    {
        _steps.Add(new Step(null, Cut: (At(0, _now), At(0, _now + (_random.Next(3) * 30)))));
        if (_random.Next(4) > 0 && _inRoom.Find(c => c.Identity == "encoder") is { } encoder) Go(encoder, isDisplaced: false);
    }

    /// <summary>Without a word of anybody. The room opens again, on whichever node, as if it had never closed.</summary>
    private void LiveKitDies()
    {
        if (_room is null) return;
        _inRoom.Clear();
        _now += _random.Next(5, 15);
        _roomNode = _random.Next(2);
        Tell(InRoom(EventKinds.RoomStarted));
    }

    /// <summary>One in twenty is never delivered.</summary>
    private void Tell(LiveKitEvent @event)
    {
        if (_random.Next(20) > 0) _steps.Add(@event);
    }

    private LiveKitEvent InRoom(string kind) =>
        new() { Id = NewId("EV"), Kind = kind, CreatedAt = Seconds(At(_roomNode, _now)), RoomName = "room", RoomSid = _room ?? NewId("RM") };

    private LiveKitEvent Ingress(string kind, int node, string resource, double startedAt, double? endedAt, string? failure) => new()
    {
        Id = NewId("EV"),
        Kind = kind,
        CreatedAt = Seconds(At(_roomNode, _now)),
        Ingress = new IngressFacts(_key, resource, "room", At(node, startedAt), endedAt is { } ended ? At(node, ended) : null, failure),
    };

    private ParticipantFacts Participant(Connection who)
    {
        var isEncoder = who.Identity == "encoder";
        return new ParticipantFacts(
            who.Sid, who.Identity, At(_roomNode, who.JoinedAt), IsStandard: !isEncoder, isEncoder, IsHidden: false, IsDisplaced: false, isEncoder ? _key : null, who.Resource);
    }

    private Connection? Pick(Predicate<Connection> which) => _inRoom.FindAll(which) is { Count: > 0 } some ? some[_random.Next(some.Count)] : null;

    private DateTimeOffset At(int node, double time) => Noon.AddMilliseconds(Math.Round((time + _clocks[node]) * 1000));

    private static DateTimeOffset Seconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());

    private string NewId(string prefix)
    {
        _ids[prefix] = _ids.GetValueOrDefault(prefix) + 1;
        return string.Create(CultureInfo.InvariantCulture, $"{prefix}_{_ids[prefix]}");
    }

    private sealed record Connection(string Sid, string Identity, string? Resource, double JoinedAt);
}

"""The day's script: which scene begins when. Clock times are those of the ministry, UTC+7."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crossborder.demo.scenes import covert, forms, home, noise, portal, services, transfers, tunnels

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.demo.stage import Stage

    Scene = Callable[[Stage, int], None]


class Call(NamedTuple):
    """One scene and the times it begins at."""

    scene: Scene
    times: str

    @property
    def name(self) -> str:
        """Return topic and scene, as `portal.readers`."""
        return f"{self.scene.__module__.rpartition('.')[2]}.{self.scene.__name__}"


_ALL_DAY = " ".join(f"{hour:02}:{minute:02}" for hour in range(7, 18) for minute in (2, 17, 32, 47))
_HOURLY = " ".join(f"{hour:02}:08" for hour in range(7, 18))

SCRIPT = (
    Call(home.browsing, _ALL_DAY),
    Call(home.browsing_v6, _HOURLY),
    Call(home.counter, _ALL_DAY),
    Call(home.reading_portal, _ALL_DAY),
    Call(home.office_mail, "08:10 11:20 15:45"),
    Call(home.hospital_query, "07:30 10:05 14:40 16:20"),
    Call(home.resolver_upstream, _HOURLY),
    Call(home.clocks, _HOURLY),
    Call(noise.neighbours, _HOURLY),
    Call(noise.multicast, "07:05 12:30 17:10"),
    Call(noise.pings, "09:05 13:35"),
    Call(noise.fragments, "10:50 16:05"),
    Call(noise.strays, "12:40"),
    Call(noise.damage, "07:45 11:11 15:15"),
    Call(portal.readers, "07:20 09:25 11:40 13:50 16:10"),
    Call(portal.knocking, "08:35 14:15"),
    Call(services.reading_abroad, _HOURLY),
    Call(services.open_lookups, _HOURLY),
    Call(services.aliases, "08:50 14:30"),
    # What must be found.
    Call(forms.form, "08:05"),
    Call(services.cloud_storage, "08:20"),
    Call(services.handed_over, "08:38"),
    Call(forms.feedback, "08:44"),
    Call(transfers.mail_abroad, "09:00"),
    Call(transfers.mail_from_server, "09:12"),
    Call(services.hidden_lookups, "09:30"),
    Call(forms.document, "09:45"),
    Call(services.assistants, "10:00"),
    Call(covert.drip, "10:20"),
    Call(forms.table, "10:35"),
    Call(transfers.results, "10:45"),
    Call(transfers.ftp_upload, "11:00"),
    Call(covert.maintenance, "11:15"),
    Call(covert.norway, "11:30"),
    Call(covert.swarm, "12:05"),
    Call(covert.dns_tunnel, "12:20"),
    Call(covert.vpn, "13:00"),
    Call(services.tagged_cloud_storage, "13:05"),
    Call(transfers.share_copy, "13:20"),
    Call(forms.dump, "13:40"),
    Call(transfers.replica, "14:05"),
    Call(tunnels.gre, "14:25"),
    Call(tunnels.vxlan, "14:45"),
    Call(tunnels.six_in_four, "15:00"),
    Call(tunnels.archive_v6, "15:10"),
    Call(tunnels.branch, "15:30"),
    Call(covert.sensor, "15:35"),
    Call(covert.hidden_name, "15:40"),
    Call(covert.reverse_tunnel, "15:44"),
    Call(covert.nameless, "15:50"),
    Call(portal.patients_copied, "16:00"),
    Call(portal.register_drained, "16:15"),
    Call(covert.nowhere, "16:50"),
    Call(transfers.vault, "17:20"),
)
"""Every scene of the day, with the times it plays."""

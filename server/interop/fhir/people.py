"""Patient, Practitioner, Organization, Location in FHIR R4."""

from __future__ import annotations

from server.interop.fhir.pieces import Json, code, concept, reference, resource

INS_SYSTEM = "urn:oid:"
RPPS = "https://rpps.esante.gouv.fr"
QUALIFIED = "QUAL"
BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"


def patient(row: Json, others: list[Json]) -> Json:
    """Return the Patient. Only a qualified identity gives its INS away (RNIV); joined records stand as links."""
    traits = row["traits"]
    official = {"use": "official", "family": traits["birth_name"], "given": list(traits["given_names"])}
    names = [official]
    if traits.get("used_name") or traits.get("used_given_name"):
        used = {"family": traits.get("used_name") or traits["birth_name"]}
        names.append({"use": "usual", **used, "given": [traits.get("used_given_name") or traits["given_names"][0]]})
    born_in = traits.get("birth_place_insee")
    return resource(
        "Patient",
        row["id"],
        identifier=_ins(row),
        active=True,
        name=names,
        gender=traits["sex"],
        birthDate=traits["born_on"],
        telecom=[{"system": "phone", "value": traits["phone"]}] if traits.get("phone") else [],
        address=[{"text": traits["address"]}] if traits.get("address") else [],
        extension=[{"url": BIRTH_PLACE, "valueAddress": {"text": born_in}}] if born_in else [],
        managingOrganization=reference(row["site_id"]),
        link=[{"other": reference(other["id"]), "type": "seealso"} for other in others],
    )


def _ins(row: Json) -> list[Json]:
    traits = row["traits"]
    if row["status"] != QUALIFIED or not traits.get("ins"):
        return []
    return [{"use": "official", "system": f"{INS_SYSTEM}{traits['ins_oid']}", "value": traits["ins"]}]


def practitioner(row: Json) -> Json:
    """Return a doctor."""
    telecom = [{"system": kind, "value": row[kind]} for kind in ("phone", "email") if row.get(kind)]
    return resource(
        "Practitioner",
        row["id"],
        identifier=[{"system": RPPS, "value": row["rpps"]}] if row["rpps"] else [],
        name=[{"text": row["name"]}],
        telecom=telecom,
        address=[{"text": row["place"]}] if row.get("place") else [],
        qualification=[{"code": concept(text=row["specialty"])}],
    )


def health_worker(row: Json) -> Json:
    """Return a professional beside the patient."""
    return resource(
        "Practitioner",
        row["id"],
        name=[{"text": row["name"]}],
        qualification=[{"code": concept(text=row["profession"])}],
    )


def site(row: Json) -> Json:
    """Return the place as an organisation."""
    address = {"text": row["address"], "city": row["commune"], "postalCode": row["postcode"]}
    telecom = [{"system": "phone", "value": row["phone"]}] if row.get("phone") else []
    return resource("Organization", row["id"], name=row["name"], telecom=telecom, address=[address])


def cabin(row: Json) -> Json:
    """Return a cabin."""
    room = concept(code("http://terminology.hl7.org/CodeSystem/location-physical-type", "ro", "Room"))
    return resource(
        "Location", row["id"], name=row["name"], physicalType=room, managingOrganization=reference(row["site_id"])
    )
